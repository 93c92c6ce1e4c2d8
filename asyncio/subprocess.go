package asyncio

import (
	"context"
	"errors"
	"os"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/process"
)

// A SubprocessProtocol is told of a process and what comes out of its pipes, by the loop. A
// panic goes to the loop's exception handler; one of PipeDataReceived closes that pipe.
type SubprocessProtocol interface {
	// ConnectionMade gets the transport. It comes first, once.
	ConnectionMade(t *SubprocessTransport)
	// PipeDataReceived gets what the process has written to descriptor fd, 1 or 2. The
	// data changes after the call.
	PipeDataReceived(fd int, data []byte)
	// PipeConnectionLost tells that a pipe is closed; fd is 0, 1 or 2.
	PipeConnectionLost(fd int, err error)
	// ProcessExited tells that the process has ended. Data may still come.
	ProcessExited()
	// ConnectionLost comes last, once, when the process has ended and all pipes are closed.
	ConnectionLost(err error)
	// PauseWriting and ResumeWriting are those of BaseProtocol, of the pipe to the process.
	PauseWriting()
	ResumeWriting()
}

// SubprocessProtocolDefaults is embedded in a SubprocessProtocol, and does nothing.
type SubprocessProtocolDefaults struct{}

// ConnectionMade implements SubprocessProtocol.
func (SubprocessProtocolDefaults) ConnectionMade(*SubprocessTransport) {}

// PipeDataReceived implements SubprocessProtocol.
func (SubprocessProtocolDefaults) PipeDataReceived(int, []byte) {}

// PipeConnectionLost implements SubprocessProtocol.
func (SubprocessProtocolDefaults) PipeConnectionLost(int, error) {}

// ProcessExited implements SubprocessProtocol.
func (SubprocessProtocolDefaults) ProcessExited() {}

// ConnectionLost implements SubprocessProtocol.
func (SubprocessProtocolDefaults) ConnectionLost(error) {}

// PauseWriting implements SubprocessProtocol.
func (SubprocessProtocolDefaults) PauseWriting() {}

// ResumeWriting implements SubprocessProtocol.
func (SubprocessProtocolDefaults) ResumeWriting() {}

// A SubprocessTransport is a process that was started by Loop.Subprocess.
type SubprocessTransport struct {
	loop     *Loop
	protocol SubprocessProtocol
	process  *process.Process
	pipes    [3]*processPipe // nil: not a pipe
	early    []func()        // what the protocol is told after ConnectionMade
	made     bool
	closed   bool
	exited   bool
	code     int
	lost     bool
	waiters  []*Future[struct{}] // of those who wait for its end
}

// Subprocess starts a process, of a program or a command line for the shell, and returns
// its transport and its protocol, which factory makes, after ConnectionMade was called.
// Its standard streams that c makes pipes are read and written by the loop. A process that
// still runs when the loop ends is killed. The errors are those of process.Start; in a
// simulation there are no processes.
//
// Cancellation: no process is left behind.
func (l *Loop) Subprocess(ctx context.Context, factory func() SubprocessProtocol, c process.Command) (*SubprocessTransport, SubprocessProtocol, error) {
	l.use("Subprocess")
	if factory == nil {
		return nil, nil, errNoFactory()
	}
	t := &SubprocessTransport{loop: l, protocol: factory()}
	if t.protocol == nil {
		return nil, nil, misuse("the factory has made no protocol")
	}
	if err := t.start(ctx, c); err != nil {
		t.Close()
		return nil, nil, err
	}
	ready := CreateFuture[struct{}](l)
	l.callSoon(func() {
		t.made = true
		t.early = append([]func(){func() { t.protocol.ConnectionMade(t) }}, t.early...)
		t.begin(ready)
	})
	if _, err := ready.Await(ctx); err != nil {
		t.Close()
		return nil, nil, err
	}
	return t, t.protocol, nil
}

// begin tells the protocol of the process and of what has come meanwhile.
func (t *SubprocessTransport) begin(ready *Future[struct{}]) {
	if len(t.early) == 0 {
		ready.finish(struct{}{})
		return
	}
	f := t.early[0]
	t.early = t.early[1:]
	defer t.begin(ready)
	_ = t.loop.guarded(ErrorContext{Message: "the protocol of a process failed", Protocol: t.protocol}, f)
}

// start makes the pipes, starts the process, and lets the loop read and write the pipes.
func (t *SubprocessTransport) start(ctx context.Context, c process.Command) (err error) {
	var ours, theirs [3]*os.File
	defer func() {
		for fd := range 3 {
			closeFile(theirs[fd])
			if err != nil {
				closeFile(ours[fd])
			}
		}
	}()
	for fd, stdio := range []*process.Stdio{&c.Stdin, &c.Stdout, &c.Stderr} {
		if *stdio != (process.Stdio{}) && *stdio != process.Pipe {
			continue
		}
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		if ours[fd], theirs[fd] = r, w; fd == 0 {
			ours[fd], theirs[fd] = w, r
		}
		*stdio = process.File(theirs[fd])
	}
	if t.process, err = process.Start(ctx, c); err != nil {
		return err
	}
	t.watch(ctx)
	for fd, f := range ours {
		if f == nil {
			continue
		}
		p := &processPipe{t: t, fd: fd}
		connect := t.loop.ConnectReadPipe
		if fd == 0 {
			connect = t.loop.ConnectWritePipe
		}
		t.pipes[fd] = p
		if p.transport, _, err = connect(ctx, func() BaseProtocol { return p }, f); err != nil {
			p.gone = true
			return err
		}
		ours[fd] = nil // the transport's
	}
	if t.exited {
		t.closeDeaf()
	}
	return nil
}

func closeFile(f *os.File) {
	if f != nil {
		_ = f.Close()
	}
}

// watch waits for the end of the process, in a task of the loop's own.
func (t *SubprocessTransport) watch(ctx context.Context) {
	w := &kernel.Task{}
	w.Prepare(func(ctx context.Context) error {
		code, err := t.process.Wait(ctx)
		if err != nil { // the loop ends
			_ = t.process.Kill()
			_ = t.process.Close(context.WithoutCancel(ctx))
			code, _ = t.process.ExitCode()
		}
		t.ended(code)
		return nil
	}, 0, &kernel.TaskMeta{Name: "asyncio.Subprocess", HasName: true, Boot: ownTask{}, Values: ctx})
	t.loop.group.Spawn(w)
}

// ended is called when the process has ended.
func (t *SubprocessTransport) ended(code int) {
	t.exited, t.code = true, code
	t.tell(t.protocol.ProcessExited)
	t.closeDeaf()
	t.tryFinish()
	for _, f := range t.waiters {
		f.finish(struct{}{})
	}
	t.waiters = nil
}

// closeDeaf closes the pipe to a process that has ended, where the system does not tell
// that nobody reads from it.
func (t *SubprocessTransport) closeDeaf() {
	if p := t.pipes[0]; p != nil && p.transport != nil && p.transport.(*streamTransport).deaf() {
		p.transport.Close()
	}
}

// tell calls a function of the protocol, after ConnectionMade.
func (t *SubprocessTransport) tell(f func()) {
	if t.made {
		t.loop.callSoon(f)
	} else {
		t.early = append(t.early, f)
	}
}

// tryFinish tells the protocol when all is over.
func (t *SubprocessTransport) tryFinish() {
	if !t.exited || t.lost {
		return
	}
	for _, p := range t.pipes {
		if p != nil && !p.gone {
			return
		}
	}
	t.lost = true
	t.tell(func() { t.protocol.ConnectionLost(nil) })
}

// Pid returns the number of the process.
func (t *SubprocessTransport) Pid() int { return t.process.Pid() }

// ReturnCode returns the exit code of the process, negative for a signal that has ended
// it; ok is false while it runs.
func (t *SubprocessTransport) ReturnCode() (code int, ok bool) { return t.code, t.exited }

// PipeTransport returns the transport of a pipe, nil if descriptor fd is no pipe.
func (t *SubprocessTransport) PipeTransport(fd int) Transport {
	if fd < 0 || fd > 2 || t.pipes[fd] == nil {
		return nil
	}
	return t.pipes[fd].transport
}

// SendSignal sends a signal to the process. The error is os.ErrProcessDone if it has ended.
func (t *SubprocessTransport) SendSignal(s os.Signal) error {
	if t.exited {
		return os.ErrProcessDone
	}
	return t.process.Signal(s)
}

// Terminate asks the process to end; see SendSignal.
func (t *SubprocessTransport) Terminate() error {
	if t.exited {
		return os.ErrProcessDone
	}
	return t.process.Terminate()
}

// Kill kills the process; see SendSignal.
func (t *SubprocessTransport) Kill() error {
	if t.exited {
		return os.ErrProcessDone
	}
	return t.process.Kill()
}

// Close closes the pipes and kills the process if it runs. ConnectionLost follows.
func (t *SubprocessTransport) Close() {
	t.loop.use("Close")
	if t.closed {
		return
	}
	t.closed = true
	for _, p := range t.pipes {
		if p != nil && p.transport != nil {
			p.transport.Close()
		}
	}
	if t.process != nil && !t.exited {
		_ = t.process.Kill()
	}
}

// IsClosing reports whether Close was called.
func (t *SubprocessTransport) IsClosing() bool { return t.closed }

// Protocol returns the protocol.
func (t *SubprocessTransport) Protocol() SubprocessProtocol { return t.protocol }

// SetProtocol changes the protocol.
func (t *SubprocessTransport) SetProtocol(p SubprocessProtocol) {
	t.loop.use("SetProtocol")
	t.protocol = p
}

// wait waits for the end of the process.
func (t *SubprocessTransport) wait(ctx context.Context) error {
	if t.exited {
		return nil
	}
	f := CreateFuture[struct{}](t.loop)
	t.waiters = append(t.waiters, f)
	_, err := f.Await(ctx)
	return err
}

// A processPipe is the protocol of a pipe of a process.
type processPipe struct {
	ProtocolDefaults
	t         *SubprocessTransport
	fd        int
	transport Transport
	gone      bool
}

// DataReceived implements Protocol.
func (p *processPipe) DataReceived(data []byte) {
	if p.t.made {
		p.t.protocol.PipeDataReceived(p.fd, data)
		return
	}
	own := append([]byte(nil), data...)
	p.t.tell(func() { p.t.protocol.PipeDataReceived(p.fd, own) })
}

// ConnectionLost implements BaseProtocol.
func (p *processPipe) ConnectionLost(err error) {
	p.gone = true
	p.t.tell(func() { p.t.protocol.PipeConnectionLost(p.fd, err) })
	p.t.tryFinish()
}

// PauseWriting implements BaseProtocol.
func (p *processPipe) PauseWriting() { p.t.protocol.PauseWriting() }

// ResumeWriting implements BaseProtocol.
func (p *processPipe) ResumeWriting() { p.t.protocol.ResumeWriting() }

var errNoStdin = errors.New("asyncio: the standard input of the process is not a pipe")
