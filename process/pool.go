package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// readyWithin is how long a worker may take to start; tests change it.
var readyWithin = 20 * time.Second

// idleFor is after how long an idle worker is ended by a later call; tests change it.
var idleFor = 300 * time.Second

// A pool holds the workers of a run.
type pool struct {
	limiter *anyio.CapacityLimiter // the default one

	mu     sync.Mutex // guards what follows
	idle   []*worker  // the one that became idle last is the last
	closed bool
}

type poolKey struct{}

// poolOf is the pool of a run, which ends with the run.
func poolOf(r *kernel.Run) *pool {
	v := r.Var(poolKey{})
	v.Lock()
	p, _ := v.Value.(*pool)
	made := p == nil
	if made {
		p = &pool{limiter: anyio.NewCapacityLimiter(runtime.NumCPU())}
		v.Value = p
	}
	v.Unlock()
	if made {
		r.OnFinish(p.close)
	}
	return p
}

// DefaultLimiter returns the limiter that Call uses in the run of ctx if it is given
// none. It begins with as many tokens as there are processors.
func DefaultLimiter(ctx context.Context) *anyio.CapacityLimiter {
	return poolOf(kernel.Locate(ctx).Run()).limiter
}

// CloseWorkers ends the idle workers of the run of ctx, which otherwise wait for
// calls until the run is over; those of contexts that come from no run, until the
// program is. It waits for their end, cancellation or not.
func CloseWorkers(ctx context.Context) {
	p := poolOf(kernel.Locate(ctx).Run())
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	endAll(ctx, idle)
}

// close ends the workers; the run is over.
func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	endAll(context.Background(), idle)
}

// take returns an idle worker, nil if there is none, and those that have been idle
// for too long.
func (p *pool) take(now time.Time) (w *worker, old []*worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n := len(p.idle) - 1; n >= 0 && w == nil; n-- {
		w = p.idle[n]
		p.idle = p.idle[:n]
		if w.proc.done.IsSet() { // it has ended meanwhile
			old, w = append(old, w), nil
		}
	}
	// Those that are idle for longest come first.
	n := slices.IndexFunc(p.idle, func(o *worker) bool { return now.Sub(o.since) <= idleFor })
	if n < 0 {
		n = len(p.idle)
	}
	old = append(old, p.idle[:n]...)
	p.idle = slices.Delete(p.idle, 0, n)
	return w, old
}

// rest makes a worker idle.
func (p *pool) rest(ctx context.Context, w *worker) {
	if w.codec.big {
		w.codec, w.buf = w.codec.next(), nil
	}
	w.since = anyio.Now(ctx)
	p.mu.Lock()
	closed := p.closed
	if !closed {
		p.idle = append(p.idle, w)
	}
	p.mu.Unlock()
	if closed {
		w.end(ctx)
	}
}

// worker is a worker for a call, used if it has served another.
func (p *pool) worker(ctx context.Context, name string) (w *worker, used bool, err error) {
	w, old := p.take(anyio.Now(ctx))
	endAll(ctx, old)
	if w != nil {
		return w, true, nil
	}
	w, err = startWorker(ctx, name)
	return w, false, err
}

// call makes a worker call a function, and decodes the result into out.
func (p *pool) call(ctx context.Context, name string, in, out any) (answer, error) {
	for {
		w, used, err := p.worker(ctx, name)
		if err != nil {
			return answer{}, err
		}
		a, gone, err := p.callOn(ctx, w, used, name, in, out)
		if gone {
			continue
		}
		return a, err
	}
}

// callOn sends a request to a worker and receives the answer. Then the worker is idle
// again, or, if it did not answer in good order, ended. A worker that was used is gone
// if it has ended since, did not get all of the request and so called nothing.
func (p *pool) callOn(ctx context.Context, w *worker, used bool, name string, in, out any) (a answer, gone bool, err error) {
	sane := false // the worker can serve another call
	defer func() {
		if sane && !w.proc.done.IsSet() {
			p.rest(ctx, w)
		} else {
			w.end(ctx)
		}
	}()
	frame, err := w.codec.encode(request{name, carriedOf(ctx)}, in)
	if err != nil {
		w.codec = newCodec()
		sane = w.to.Send(ctx, anew) == nil
		return a, false, fmt.Errorf("process: argument of %q: %w", name, err)
	}
	if err := w.to.Send(ctx, frame); err != nil {
		if used && errors.Is(err, anyio.ErrBroken) {
			return a, true, nil
		}
		return a, false, w.broken(ctx, name, err)
	}
	if err = w.read(ctx); err == nil {
		err = w.codec.decode(&a)
	}
	if err == nil && a.Refused != "" {
		return a, false, misuse("Call %q: %s", name, a.Refused)
	}
	if err == nil && !a.Failed {
		err = w.codec.decode(out)
	}
	if err != nil {
		return a, false, w.broken(ctx, name, err)
	}
	sane = true
	return a, false, nil
}

// A worker is a process that calls functions.
type worker struct {
	proc  *Process
	to    *sendEnd
	from  *receiveEnd
	codec *codec
	buf   []byte    // what was received
	since time.Time // idle since
}

// startWorker starts a worker and waits until it is ready.
func startWorker(ctx context.Context, name string) (w *worker, err error) {
	c, to, from, theirs, err := workerCommand()
	if err != nil {
		return nil, err
	}
	exe, err := program()
	if err == nil {
		c.Args, c.Env = []string{exe}, append(os.Environ(), workerEnv+"=1")
		w = &worker{codec: newCodec()}
		w.proc, err = Start(ctx, c)
	}
	for _, f := range theirs {
		_ = f.Close()
	}
	if err != nil {
		_ = to.Close()
		_ = from.Close()
		return nil, err
	}
	w.to, w.from = newSender(to), newReceiver(from)
	err = anyio.FailAfter(ctx, readyWithin, func(ctx context.Context) error {
		var a answer
		err := w.read(ctx)
		if err == nil {
			err = w.codec.decode(&a)
		}
		if err == nil && !a.Ready {
			err = errGarbage
		}
		return err
	})
	switch {
	case errors.Is(err, anyio.ErrTimeout):
		err = fmt.Errorf("%w; does main call process.WorkerMain first?", err)
		fallthrough
	case err != nil:
		err = w.broken(ctx, name, err)
		w.end(ctx)
		return nil, err
	}
	return w, nil
}

// read receives one frame and loads it into the codec.
func (w *worker) read(ctx context.Context) error {
	want, header := frameHeader, true
	have := 0
	for {
		if len(w.buf) < want {
			w.buf = append(make([]byte, 0, want+512), w.buf[:have]...)
			w.buf = w.buf[:cap(w.buf)]
		}
		for have < want {
			n, err := w.from.Receive(ctx, w.buf[have:])
			if err != nil {
				return err
			}
			have += n
		}
		if !header {
			break
		}
		n, err := bodyLength(w.buf)
		if err != nil {
			return err
		}
		if n == 0 {
			w.codec = newCodec()
			have = copy(w.buf, w.buf[want:have])
			continue
		}
		want, header = frameHeader+n, false
	}
	if have > want {
		return errGarbage // nobody has asked for more
	}
	w.codec.load(w.buf[frameHeader:want])
	return nil
}

// broken is the error of a call whose worker did not answer. A cancellation stays
// one; a worker that ended says how.
func (w *worker) broken(ctx context.Context, name string, cause error) error {
	if errors.Is(cause, anyio.ErrCanceled) {
		return cause
	}
	if errors.Is(cause, io.EOF) || errors.Is(cause, anyio.ErrBroken) {
		cause = w.lastWords(ctx)
	}
	return &BrokenWorkerError{Function: name, Cause: cause}
}

// lastWords tells how a worker has ended that has closed its channel, which is
// nearly the same.
func (w *worker) lastWords(ctx context.Context) error {
	_ = anyio.Shielded(ctx, time.Second, w.proc.done.Wait)
	switch code, ended := w.proc.ExitCode(); {
	case !ended:
		return errors.New("it has closed its channel")
	case code < 0:
		return fmt.Errorf("it was ended by signal %d", -code)
	default:
		return fmt.Errorf("it ended with code %d", code)
	}
}

// end kills the worker and waits for its end, cancellation or not.
func (w *worker) end(ctx context.Context) {
	w.kill(ctx)
	_ = anyio.Shielded(ctx, anyio.Forever, w.proc.done.Wait)
}

// kill kills the worker, then closes its channels: in the other order it would see
// them closed, and exit by itself in the midst of the function.
func (w *worker) kill(ctx context.Context) {
	_ = w.proc.Kill() // fails if it has ended
	_ = w.to.Close(ctx)
	_ = w.from.Close(ctx)
}

// endAll ends workers, all at the same time.
func endAll(ctx context.Context, workers []*worker) {
	for _, w := range workers {
		w.kill(ctx)
	}
	for _, w := range workers {
		w.end(ctx)
	}
}
