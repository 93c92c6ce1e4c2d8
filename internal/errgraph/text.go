package errgraph

import (
	"fmt"

	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/quiet"
)

// Itself stands for an error within its own text.
const Itself = "(this error itself)"

// printing are the texts that are being written, the newest first, in buckets by the
// goroutine that writes. That many write is no synchronization between them.
var printing [16]bucket

type bucket struct {
	mu    quiet.Mutex
	first *frame
}

// A frame is a text that a goroutine writes.
type frame struct {
	goroutine int64
	err       error
	depth     int // of how many texts within each other it is the last
	next      *frame
}

//go:norace
func bucketOf(goroutine int64) *bucket { return &printing[uint64(goroutine)%uint64(len(printing))] }

// enter notes that the calling goroutine writes the text of err. It returns nil if the
// goroutine does so already.
//
//go:norace
func enter(err error) *frame {
	f := &frame{goroutine: goid.Get(), err: err, depth: 1}
	b := bucketOf(f.goroutine)
	b.mu.Lock()
	defer b.mu.Unlock()
	for at := b.first; at != nil; at = at.next {
		if at.goroutine != f.goroutine {
			continue
		}
		if at.err == err {
			return nil
		}
		f.depth = max(f.depth, at.depth+1)
	}
	f.next, b.first = b.first, f
	return f
}

// leave ends what enter has begun.
//
//go:norace
func (f *frame) leave() {
	b := bucketOf(f.goroutine)
	b.mu.Lock()
	defer b.mu.Unlock()
	for at := &b.first; *at != nil; at = &(*at).next {
		if *at == f {
			*at = f.next
			return
		}
	}
}

// Deepest is how many errors are told within each other. Each level copies the text of
// those in it, and nobody reads a thousand: then what is at the bottom stands for the rest.
const Deepest = 200

// Say is the text of an error that another one holds. That of one that is not Finite
// would not end either, and nobody reads the same a million times; its type stands for
// it. What is repeated is looked for by the outermost text alone.
func Say(err error) string {
	if err == nil {
		return "<nil>"
	}
	depth := writing()
	told := Finite
	if depth <= 1 {
		told = Tellable
	}
	switch {
	case !told(err):
		return Untold(err)
	case depth >= Deepest:
		return Bottom(err)
	}
	return err.Error()
}

// Untold stands for the text of an error that is not Finite, or not Tellable.
func Untold(err error) string { return fmt.Sprintf("(a %T with too many errors in it)", err) }

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

// writing returns how many texts within each other the calling goroutine writes.
//
//go:norace
func writing() int {
	id := goid.Get()
	b := bucketOf(id)
	b.mu.Lock()
	defer b.mu.Unlock()
	for at := b.first; at != nil; at = at.next {
		if at.goroutine == id {
			return at.depth
		}
	}
	return 0
}

// Text returns what write returns, the text of err; within write, a text of err is
// Itself. So it ends also where Say cannot see the cycle: a wrapper need not have
// Unwrap, and what a task has panicked with need not be an error. err is a pointer.
func Text(err error, write func() string) string {
	f := enter(err)
	if f == nil {
		return Itself
	}
	defer f.leave()
	return write()
}
