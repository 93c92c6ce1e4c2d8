package nettry

import (
	"context"

	"github.com/anyio-go/anyio/internal/kernel"
)

// pieceSize is how many bytes a goroutine writes at once.
const pieceSize = 64 << 10

// writes are what is written by a goroutine: a piece of what an attempt has left, of which
// the next one is told. The lock of told guards it.
type writes struct {
	busy    bool // a goroutine writes
	over    bool // it has ended, and nobody was told
	n       int  // how much it has written
	err     error
	blocked int          // calls that block
	waiting kernel.Queue // those who want to write when the goroutine has ended
}

// take tells of the piece, if it is over: nothing, or how much of p it was.
func (w *writes) take(p []byte) (int, error) {
	if !w.over {
		return 0, nil
	}
	n, err := min(w.n, len(p)), w.err
	w.over, w.n, w.err = false, 0, nil
	return n, err
}

// start lets a goroutine write. The lock is held.
func (t *told) start(w *writes, f func(ctx context.Context) (int, error)) {
	w.busy = true
	go func() {
		n, err := f(context.Background())
		t.mu.Lock()
		w.busy, w.over, w.n, w.err = false, true, n, err
		var woken kernel.Woken
		w.waiting.WakeAll(&woken)
		due := t.due(false, true)
		t.mu.Unlock()
		woken.Unpark()
		due.tell()
	}()
}

// full ends an attempt that finds somebody else writing. The lock is held.
func (t *told) full() error {
	t.writing = t.by != nil
	return kernel.ErrWouldBlock
}

// beginWrite precedes a call that blocks: it waits until no goroutine writes. The error is
// a cancellation, or that of the piece that was written.
func (t *told) beginWrite(ctx context.Context, w *writes, op kernel.Op, p []byte) (int, error) {
	place, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for w.busy && !t.closed {
		if err := t.wait(place, &w.waiting, op); err != nil {
			return 0, err
		}
	}
	n, err := w.take(p)
	if err == nil {
		w.blocked++
	}
	return n, err
}

func (t *told) endWrite(w *writes) {
	t.mu.Lock()
	w.blocked--
	var n news
	if w.blocked == 0 {
		n = t.due(false, true)
	}
	t.mu.Unlock()
	n.tell()
}
