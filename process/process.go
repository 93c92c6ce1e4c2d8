package process

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/stream"
)

// A Process is a program that was started. Close it. Its methods may be called
// from any task or goroutine at any time, those of its streams by one at a time.
type Process struct {
	// Stdin, Stdout and Stderr are the ends of the process's pipes, nil if the
	// stream is something else. Sending to a process that has ended or closed its
	// end gives ErrBroken.
	Stdin          stream.ByteSendStream
	Stdout, Stderr stream.ByteReceiveStream

	proc  *os.Process
	grace time.Duration                               // from the request to end to the kill
	leads bool                                        // the process leads a group that belongs to it
	ask   func(ctx context.Context, p *Process) error // Command.Cancel

	done anyio.Event // the process has ended
	code int         // this and what follows is written before done
	err  error

	mu     sync.Mutex  // held while a signal is sent to the group, and while the leader is reaped
	reaped atomic.Bool // the number of the process may be that of another
}

// Start starts a process. A command that can never be right gives a *MisuseError;
// the other errors are those of package os and os/exec: errors.Is tells
// exec.ErrNotFound, os.ErrNotExist and os.ErrPermission. Cancellation: the process
// was not started.
func Start(ctx context.Context, c Command) (*Process, error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.Run().Admit(kernel.StartProcess); err != nil {
		return nil, err
	}
	if c.Input != nil {
		return nil, misuse("Input is for Run; send to Process.Stdin")
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	// Unlimited: the limit of blocking calls may be used up by those that wait for us.
	return anyio.RunBlockingValue(ctx, func() (*Process, error) { return start(c) }, anyio.Limiter(starting))
}

// starting makes nobody wait.
var starting = anyio.NewCapacityLimiter(anyio.Unlimited)

func start(c Command) (*Process, error) {
	path, args, err := c.argv()
	if err != nil {
		return nil, c.explain(path, err)
	}
	sys, err := c.sysProcAttr()
	if err != nil {
		return nil, err
	}
	var s stdio
	if err := s.open(&c); err != nil {
		s.failed()
		return nil, err
	}
	proc, err := os.StartProcess(path, args, &os.ProcAttr{
		Dir: c.Dir, Env: c.environ(sys), Sys: sys, Files: append(s.child[:], c.ExtraFiles...),
	})
	if err != nil {
		s.failed()
		return nil, c.explain(path, err)
	}
	s.started()
	p := &Process{proc: proc, grace: c.grace(), leads: c.KillGroup, ask: c.Cancel}
	if f := s.parent[0]; f != nil {
		p.Stdin = newSender(f)
	}
	if f := s.parent[1]; f != nil {
		p.Stdout = newReceiver(f)
	}
	if f := s.parent[2]; f != nil {
		p.Stderr = newReceiver(f)
	}
	go p.watch()
	return p, nil
}

// watch waits for the end of the process.
func (p *Process) watch() {
	if p.waitEnd() {
		// The process keeps its number until it is waited for: the group is still its.
		p.mu.Lock()
		if p.leads {
			_ = signalGroup(p.proc.Pid, syscall.SIGKILL)
		}
		p.reap()
		p.mu.Unlock()
	} else { // the system cannot tell of an end without taking it; a thread waits
		p.reap()
		if p.leads {
			_ = signalGroup(p.proc.Pid, syscall.SIGKILL)
		}
	}
	p.done.Set()
}

// reap waits for the process and takes its exit code.
func (p *Process) reap() {
	state, err := p.proc.Wait()
	p.reaped.Store(true)
	if p.err = err; err == nil {
		p.code = exitCode(state)
	}
}

// Pid returns the process ID.
func (p *Process) Pid() int { return p.proc.Pid }

// Wait waits until the process has ended, also if others still hold its pipes, and
// returns its exit code: negative, the number of the signal, if a signal has ended
// it. Cancellation: the process goes on.
func (p *Process) Wait(ctx context.Context) (int, error) {
	if err := p.done.Wait(ctx); err != nil {
		return 0, err
	}
	return p.code, p.err
}

// ExitCode returns the exit code, as Wait returns it, 0 also if Wait fails, and whether
// the process has ended.
func (p *Process) ExitCode() (code int, ended bool) {
	if !p.done.IsSet() {
		return 0, false
	}
	return p.code, true
}

// Signal sends a signal to the process, or to its group if it leads one. The error
// is os.ErrProcessDone if it has ended. On Linux another process, or group, that was
// given its number is never meant; elsewhere that can be, in the moment of the end.
// On Windows only os.Kill can be sent.
func (p *Process) Signal(s os.Signal) error {
	if !p.leads {
		return p.proc.Signal(s)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped.Load() {
		return os.ErrProcessDone
	}
	err := signalGroup(p.proc.Pid, s)
	if s == os.Kill || errors.Is(err, syscall.ESRCH) {
		return p.proc.Signal(s) // it may have moved to another group itself
	}
	return err
}

// Terminate asks the process to end: SIGTERM, on Windows the same as Kill.
func (p *Process) Terminate() error { return p.Signal(terminate) }

// Kill ends the process: SIGKILL.
func (p *Process) Kill() error { return p.Signal(os.Kill) }

// Close closes the process's streams, which most programs take for a reason to end, and
// waits for that. Closing again does nothing. Cancellation: the process is asked to
// end, after the grace period it is killed, and Close returns the cancellation when it
// has ended.
func (p *Process) Close(ctx context.Context) error {
	canceled := kernel.Locate(ctx).Check()
	if canceled != nil && p.ask != nil && !p.done.IsSet() {
		defer p.closeStreams(ctx) // what asks the process to end may use them
		return p.end(ctx, canceled)
	}
	p.closeStreams(ctx)
	if p.done.IsSet() {
		return nil
	}
	if canceled = p.done.Wait(ctx); canceled != nil {
		return p.end(ctx, canceled)
	}
	return nil
}

func (p *Process) closeStreams(ctx context.Context) {
	if p.Stdin != nil {
		_ = p.Stdin.Close(ctx)
	}
	if p.Stdout != nil {
		_ = p.Stdout.Close(ctx)
	}
	if p.Stderr != nil {
		_ = p.Stderr.Close(ctx)
	}
}

// end asks the process to end, kills it after the grace period, and returns when it has
// ended: the cancellation, and beside it the error of Command.Cancel.
func (p *Process) end(ctx context.Context, canceled error) (err error) {
	defer func() { // also if Command.Cancel panics
		if !p.done.IsSet() {
			_ = p.Kill()
			_ = anyio.Shielded(ctx, anyio.Forever, p.done.Wait)
		}
	}()
	err = canceled
	_ = anyio.Shielded(ctx, p.grace, func(ctx context.Context) error {
		if p.ask == nil {
			_ = p.Terminate() // fails if it has just ended
		} else if asking := p.ask(ctx, p); asking != nil && !errors.Is(asking, os.ErrProcessDone) && !anyio.IsCancellation(asking) {
			err = errors.Join(canceled, asking)
		}
		return p.done.Wait(ctx)
	})
	return err
}
