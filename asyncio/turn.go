package asyncio

import (
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A turn is a call that any goroutine may want, and which is in the loop's queue once.
type turn struct {
	to     kernel.Callee
	queued atomic.Bool
}

func (t *turn) want(l *Loop) {
	if !t.queued.Swap(true) {
		l.looper.Call(t.to)
	}
}

// begin is called when the turn has come: who wants it from now on gets another one.
func (t *turn) begin() { t.queued.Store(false) }

// ioTurns are those of a transport: when something may be read, and written.
type ioTurns struct {
	loop             *Loop
	reading, writing turn
	ready            func() // called when the protocol was told of the connection, once; may be nil
}

// begin tells the protocol of the connection, by made, and begins to read.
func (t *ioTurns) begin(c ErrorContext, made func()) {
	defer t.begun()
	_ = t.loop.guarded(c, made)
}

func (t *ioTurns) begun() {
	t.wantRead()
	if t.ready != nil {
		t.ready()
		t.ready = nil
	}
}

func (t *ioTurns) wantRead()  { t.reading.want(t.loop) }
func (t *ioTurns) wantWrite() { t.writing.want(t.loop) }

// An ioWatch are the turns of a transport as its socket sees them.
type ioWatch ioTurns

// Readable implements kernel.Ready.
func (w *ioWatch) Readable() { (*ioTurns)(w).wantRead() }

// Writable implements kernel.Ready.
func (w *ioWatch) Writable() { (*ioTurns)(w).wantWrite() }
