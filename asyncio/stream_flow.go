package asyncio

import (
	"context"
	"fmt"
	"syscall"
)

// A writeFlow is the half of a protocol that StreamWriter.Drain waits for.
type writeFlow struct {
	loop     *Loop
	paused   bool
	lost     bool
	draining []*Future[struct{}]
}

// PauseWriting implements BaseProtocol.
func (w *writeFlow) PauseWriting() { w.paused = true }

// ResumeWriting implements BaseProtocol.
func (w *writeFlow) ResumeWriting() {
	w.paused = false
	w.wake(nil)
}

// connectionLost ends closed, and the waits of those who drain.
func (w *writeFlow) connectionLost(closed *Future[struct{}], err error) {
	w.lost = true
	closed.end(struct{}{}, err)
	closed.asked() // whoever reads or drains is told, too
	w.wake(err)
}

// wake lets those go on who drain.
func (w *writeFlow) wake(err error) {
	all := w.draining
	w.draining = nil
	for _, f := range all {
		f.end(struct{}{}, err)
		f.asked()
	}
}

// errLost is the error of who writes to a connection that is lost.
var errLost = fmt.Errorf("asyncio: connection lost: %w", syscall.ECONNRESET)

func (w *writeFlow) drain(ctx context.Context) error {
	if w.lost {
		return errLost
	}
	if !w.paused {
		return nil
	}
	f := CreateFuture[struct{}](w.loop)
	w.draining = append(w.draining, f)
	_, err := f.Await(ctx)
	return err
}
