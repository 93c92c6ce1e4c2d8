package errgraph

import (
	"fmt"
	"sync"

	"github.com/anyio-go/anyio/internal/goid"
)

// Itself stands for an error within its own text.
const Itself = "(this error itself)"

// printing are the texts that are being written, each by one goroutine, and how many
// texts within each other those of a goroutine are.
var printing = struct {
	sync.Mutex
	texts map[frame]struct{}
	depth map[int64]int
}{texts: map[frame]struct{}{}, depth: map[int64]int{}}

type frame struct {
	goroutine int64
	err       error
}

// Deepest is how many errors are told within each other. Each level copies the text of
// those in it, and nobody reads a thousand: then what is at the bottom stands for the rest.
const Deepest = 200

// Say is the text of an error that another one holds. That of one that is not Finite
// would not end either; its type stands for it.
func Say(err error) string {
	switch {
	case err == nil:
		return "<nil>"
	case !Finite(err):
		return fmt.Sprintf("(a %T with too many errors in it)", err)
	case tooDeep():
		return Bottom(err)
	}
	return err.Error()
}

// Bottom is the text of what is at the bottom of a finite error.
func Bottom(err error) string {
	more := 0
	for next := down(err); next != nil; next = down(next) {
		err = next
		more++
	}
	if more == 0 {
		return err.Error()
	}
	return fmt.Sprintf("(%d more errors within each other): %s", more, err.Error())
}

// down is the first error in err that holds others, else the last one: the kinds of ours
// come first.
func down(err error) (next error) {
	for _, inner := range Inside(err) {
		if inner == nil {
			continue
		}
		if next = inner; len(Inside(inner)) > 0 {
			break
		}
	}
	return next
}

func tooDeep() bool {
	id := goid.Get()
	printing.Lock()
	defer printing.Unlock()
	return printing.depth[id] >= Deepest
}

// Text returns what write returns, the text of err; within write, a text of err is
// Itself. So it ends also where Say cannot see the cycle: a wrapper need not have
// Unwrap, and what a task has panicked with need not be an error. err is a pointer.
func Text(err error, write func() string) string {
	f := frame{goid.Get(), err}
	printing.Lock()
	_, inside := printing.texts[f]
	if !inside {
		printing.texts[f] = struct{}{}
		printing.depth[f.goroutine]++
	}
	printing.Unlock()
	if inside {
		return Itself
	}
	defer func() {
		printing.Lock()
		delete(printing.texts, f)
		if printing.depth[f.goroutine]--; printing.depth[f.goroutine] == 0 {
			delete(printing.depth, f.goroutine)
		}
		printing.Unlock()
	}()
	return write()
}
