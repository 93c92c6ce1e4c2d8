package errgraph

import (
	"fmt"
	"sync"

	"github.com/anyio-go/anyio/internal/goid"
)

// Itself stands for an error within its own text.
const Itself = "(this error itself)"

// printing are the texts that are being written, each by one goroutine.
var printing = struct {
	sync.Mutex
	texts map[frame]struct{}
}{texts: map[frame]struct{}{}}

type frame struct {
	goroutine int64
	err       error
}

// Say is the text of an error that another one holds. That of one that is not Finite
// would not end either; its type stands for it.
func Say(err error) string {
	switch {
	case err == nil:
		return "<nil>"
	case !Finite(err):
		return fmt.Sprintf("(a %T with too many errors in it)", err)
	}
	return err.Error()
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
	}
	printing.Unlock()
	if inside {
		return Itself
	}
	defer func() {
		printing.Lock()
		delete(printing.texts, f)
		printing.Unlock()
	}()
	return write()
}
