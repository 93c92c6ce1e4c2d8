package fetch_test

import (
	"testing"

	"github.com/anyio-go/anyio/internal/fetch"
)

// An address that is none does no harm, nor does nil.
func TestHintsAreHarmless(t *testing.T) {
	for _, address := range []uintptr{0, 1, ^uintptr(0) >> 1, ^uintptr(0)} {
		fetch.Lines(address, 3)
	}
	kept := [3]int{1, 2, 3}
	fetch.At(nil, 2)
	fetch.At(&kept, 2)
	if kept != [3]int{1, 2, 3} {
		t.Errorf("memory that was fetched is %v", kept)
	}
}

// A deeper frame has another address, below that of its caller.
func TestStackIsWhereTheCallerIs(t *testing.T) {
	if !fetch.Helps {
		t.Skip("there is no address to be known here")
	}
	for range 10 { // the stack may move in between
		outer := fetch.Stack()
		if inner := deeper(); outer != 0 && inner < outer && outer-inner < 4096 {
			return
		}
	}
	t.Error("never was the frame of the callee right below")
}

//go:noinline
func deeper() uintptr { return fetch.Stack() }
