package errgraph

import (
	"reflect"

	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/quiet"
)

// A verdict is what a goroutine has seen of a big graph. Package errors, and a text, ask at
// each error on their way down whether the walk from there ends; without verdicts each of
// 10,000 that are nested walked over all below it. Users may change what is in the graph, so
// a verdict serves as often as the walk has had steps. Then the next one is made: a walk that
// goes round by then is a little longer, and ends.
type verdict struct {
	goroutine int64
	errors    map[uintptr]struct{} // by address: who is seen is not kept alive
	left      int                  // how often it may serve
}

// verdicts are the last ones, by goroutine.
var verdicts [16]quiet.Pointer[verdict]

var given quiet.Int64 // how many there were, ever: most programs see no big error

const (
	mostKept = 1 << 14 // of so many errors at most
	mostUses = 1 << 16
)

// known is the last verdict of the calling goroutine, nil if it has none.
//
//go:norace
func known() *verdict {
	if given.Load() == 0 {
		return nil
	}
	id := goid.Get()
	if v := slot(id).Load(); v != nil && v.goroutine == id {
		return v
	}
	return nil
}

func slot(goroutine int64) *quiet.Pointer[verdict] {
	return &verdicts[uint64(goroutine)%uint64(len(verdicts))]
}

// remember makes a verdict of a walk that has ended, and had size steps.
func (w *walk) remember(size int) {
	if len(w.sizes) > mostKept {
		return
	}
	v := &verdict{goid.Get(), make(map[uintptr]struct{}, len(w.sizes)), min(size, mostUses)}
	for err := range w.sizes {
		if e := reflect.ValueOf(err); e.Kind() == reflect.Pointer {
			v.errors[e.Pointer()] = struct{}{}
		}
	}
	given.Add(1)
	slot(v.goroutine).Store(v)
}

// ends reports whether err is known to end.
func (v *verdict) ends(err error) bool {
	e := reflect.ValueOf(err)
	if e.Kind() != reflect.Pointer {
		return false
	}
	if _, ok := v.errors[e.Pointer()]; !ok {
		return false
	}
	v.left--
	if v.left <= 0 {
		slot(v.goroutine).CompareAndSwap(v, nil)
	}
	return v.left >= 0
}
