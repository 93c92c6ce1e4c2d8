package cluster

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	"github.com/anyio-go/anyio/internal/remote"
)

// A Codec turns arguments and results into bytes and back. Both methods get a pointer to
// the value.
type Codec interface {
	// Name is a short name. It is a part of each call, and tells the worker which codec
	// the caller uses.
	Name() string
	Marshal(v any) ([]byte, error)
	Unmarshal(data []byte, v any) error
}

var (
	// Gob is the codec of package encoding/gob, as for worker processes: exported fields
	// of structs, no functions and channels, no value that contains itself. What an
	// interface holds needs gob.Register on both sides.
	Gob Codec = gobCodec{}
	// JSON is the codec of package encoding/json.
	JSON Codec = jsonCodec{}
)

var (
	codecsMu sync.Mutex
	codecs   = map[string]Codec{Gob.Name(): Gob, JSON.Name(): JSON}
)

// RegisterCodec makes a codec known to the workers of this process, under its name. It
// panics with a *MisuseError if the codec is nil, or the name empty or taken.
func RegisterCodec(c Codec) {
	if c == nil {
		panic(misuse("RegisterCodec: the codec is nil"))
	}
	codecsMu.Lock()
	defer codecsMu.Unlock()
	if name := c.Name(); name == "" || codecs[name] != nil {
		panic(misuse("RegisterCodec %q: the name is empty or taken; every codec needs one of its own", name))
	}
	codecs[c.Name()] = c
}

func codecOf(name string) Codec {
	codecsMu.Lock()
	defer codecsMu.Unlock()
	return codecs[name]
}

type jsonCodec struct{}

func (jsonCodec) Name() string                       { return "json" }
func (jsonCodec) Marshal(v any) ([]byte, error)      { return json.Marshal(v) }
func (jsonCodec) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }

// gobCodec sends nothing of an empty struct and of nil, which gob refuses.
type gobCodec struct{}

// A holder is for values of interface types, which gob sends only in a field.
type holder struct{ V any }

func (gobCodec) Name() string { return "gob" }

func (gobCodec) Marshal(v any) ([]byte, error) {
	value := reflect.ValueOf(v).Elem()
	switch value.Kind() {
	case reflect.Struct:
		if value.NumField() == 0 {
			return nil, nil
		}
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if value.IsNil() {
			return nil, nil
		}
	case reflect.Interface:
		if value.IsNil() {
			return nil, nil
		}
		v = &holder{value.Interface()}
	}
	if err := remote.Acyclic(v); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (gobCodec) Unmarshal(data []byte, v any) error {
	if len(data) == 0 {
		return nil
	}
	value := reflect.ValueOf(v).Elem()
	if value.Kind() != reflect.Interface {
		return gob.NewDecoder(bytes.NewReader(data)).Decode(v)
	}
	var h holder
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&h); err != nil {
		return err
	}
	held := reflect.ValueOf(h.V)
	if !held.IsValid() {
		return nil
	}
	if !held.Type().AssignableTo(value.Type()) {
		return fmt.Errorf("a %v is no %v", held.Type(), value.Type())
	}
	value.Set(held)
	return nil
}
