package anyiotest

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"os"
	"reflect"
	"strings"
	"sync"

	"github.com/anyio-go/anyio/sim"
)

// replayed is the config of a run that is made again.
func (s *search) replayed(schedule string) sim.Config {
	var cfg sim.Config
	for _, change := range s.p.sim {
		change(&cfg)
	}
	cfg.Replay = schedule
	return cfg
}

// replay makes one run again, and tells of it as the test's own.
func (s *search) replay(word string) {
	s.t.Helper()
	schedule, from := cutStamp(word)
	cfg := s.replayed(schedule)
	if wantsArtifacts() {
		cfg.Trace = &sim.Trace{}
	}
	tr := s.again(cfg)
	if cfg.Trace != nil {
		defer func() { s.t.Helper(); s.t.Log(s.page(cfg.Trace)) }()
	}
	key, _ := tr.verdict()
	switch text := strings.TrimSuffix(tr.text(), "\n"); {
	case key != "":
		s.t.Error(text)
	case text != "":
		s.t.Log(text)
	}
	if got := tr.sim.Schedule(); got != schedule && got != "" {
		s.t.Errorf("the run is not the one of the schedule: %s\n%s\nwhat it has made is -anyio.replay=%s%s",
			tr.sim.Diverged(), s.whyAnother(tr, from), got, s.stamp())
	}
}

// whyAnother tells why a run is another one than that of the schedule that it was to follow.
func (s *search) whyAnother(tr *trial, from stamp) string {
	if s.p.differ != "" {
		return "the runs of this test differ: " + s.p.differ
	}
	if differs(tr, s.again(tr.how)) {
		return "the test is not deterministic:\n" + s.tellFork(tr.how)
	}
	switch now := s.stampNow(); {
	case from == stamp{}:
		return "the program has changed since, or runs with other options"
	case from.program != now.program:
		return "the program has changed since, or was built in another way"
	case from.options != now.options:
		return "the program is the same one, but the simulator is configured in another way (see SimConfig)"
	}
	return "the program is the same one: it was given other flags, another environment or other files, or depends on what was run before"
}

// A stamp says of which program a schedule is. It follows the schedule, after a dot.
type stamp struct{ program, options uint32 }

// stamp is that of this program and test, as text.
func (s *search) stamp() string {
	now := s.stampNow()
	b := binary.LittleEndian.AppendUint32(nil, now.program)
	return "." + base64.RawURLEncoding.EncodeToString(binary.LittleEndian.AppendUint32(b, now.options))
}

func (s *search) stampNow() stamp {
	how := s.replayed("")
	how.Strategy, how.Profile, how.Trace, how.OnStep = sim.Strategy{}, nil, nil, nil
	h := fnv.New32a()
	describe(h, reflect.ValueOf(how))
	return stamp{programSum(), h.Sum32()}
}

// cutStamp takes the stamp from a schedule, which need not have one.
func cutStamp(word string) (schedule string, from stamp) {
	if last := strings.LastIndexByte(word, '.'); last > strings.IndexByte(word, '.') {
		if b, err := base64.RawURLEncoding.DecodeString(word[last+1:]); err == nil && len(b) == 8 {
			return word[:last], stamp{binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])}
		}
	}
	return word, stamp{}
}

// programSum is a sum of the executable file, 0 if that cannot be read.
var programSum = sync.OnceValue(func() uint32 {
	path, err := os.Executable()
	if err != nil {
		return 0
	}
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	h := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	if _, err := io.Copy(h, f); err != nil {
		return 0
	}
	return h.Sum32()
})

// describe writes what is the same in each process: not where things are, nor functions.
func describe(w io.Writer, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			describe(w, v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		fmt.Fprint(w, v.Len(), ":")
		for i := range v.Len() {
			describe(w, v.Index(i))
		}
	case reflect.Pointer, reflect.Interface:
		if fmt.Fprint(w, v.IsNil(), ":"); !v.IsNil() {
			describe(w, v.Elem())
		}
	case reflect.Func, reflect.Map, reflect.Chan, reflect.UnsafePointer:
		fmt.Fprint(w, v.IsNil(), ":")
	default:
		fmt.Fprint(w, v, ":")
	}
}
