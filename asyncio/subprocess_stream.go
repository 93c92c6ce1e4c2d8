package asyncio

import (
	"context"
	"os"

	"github.com/anyio-go/anyio/process"
)

// A Subprocess is a process whose pipes are streams. A stream is nil if it is not a pipe.
type Subprocess struct {
	Stdin          *StreamWriter
	Stdout, Stderr *StreamReader

	transport *SubprocessTransport
	protocol  *subprocessStreams
}

// CreateSubprocess starts a process, of a program or a command line for the shell, as
// Loop.Subprocess does. The limit is that of the readers, 0 for DefaultLimit. Other than in
// Python a standard stream of which c says nothing is a pipe.
//
// Cancellation: no process is left behind.
func CreateSubprocess(ctx context.Context, c process.Command, limit int) (*Subprocess, error) {
	l := mustRunningLoop(ctx)
	p := &subprocessStreams{limit: limit, writeFlow: writeFlow{loop: l}}
	t, _, err := l.Subprocess(ctx, func() SubprocessProtocol { return p }, c)
	if err != nil {
		return nil, err
	}
	return &Subprocess{Stdin: p.stdin, Stdout: p.readers[1], Stderr: p.readers[2], transport: t, protocol: p}, nil
}

// Pid returns the number of the process.
func (s *Subprocess) Pid() int { return s.transport.Pid() }

// ReturnCode returns the exit code, negative for a signal that has ended the process; ok is
// false while it runs.
func (s *Subprocess) ReturnCode() (code int, ok bool) { return s.transport.ReturnCode() }

// SendSignal sends a signal to the process. The error is os.ErrProcessDone if it has ended.
func (s *Subprocess) SendSignal(sig os.Signal) error { return s.transport.SendSignal(sig) }

// Terminate asks the process to end; see SendSignal.
func (s *Subprocess) Terminate() error { return s.transport.Terminate() }

// Kill kills the process; see SendSignal.
func (s *Subprocess) Kill() error { return s.transport.Kill() }

// Wait waits until the process has ended and returns its exit code. A process that waits
// for its pipes to be read does not end: use Communicate. Cancellation: it goes on.
func (s *Subprocess) Wait(ctx context.Context) (int, error) {
	if err := s.transport.wait(ctx); err != nil {
		return 0, err
	}
	return s.transport.code, nil
}

// Communicate writes the input, if it is not nil, closes the standard input, reads all
// output, and waits until the process has ended. A process that reads only part of the
// input, or none, is no error.
//
// Cancellation: the process goes on; what was read is lost.
func (s *Subprocess) Communicate(ctx context.Context, input []byte) (stdout, stderr []byte, err error) {
	if input != nil && s.Stdin == nil {
		return nil, nil, errNoStdin
	}
	read := func(fd int) *Task[[]byte] {
		return CreateTask(ctx, func(ctx context.Context) ([]byte, error) {
			r := s.protocol.readers[fd]
			if r == nil {
				return nil, nil
			}
			all, err := r.ReadAll(ctx)
			s.transport.PipeTransport(fd).Close()
			return all, err
		})
	}
	feed := CreateTask(ctx, func(ctx context.Context) ([]byte, error) { return nil, s.feed(ctx, input) })
	all, err := Gather[[]byte](ctx, feed, read(1), read(2)).Await(ctx)
	if err != nil {
		return nil, nil, err
	}
	_, err = s.Wait(ctx)
	return all[1], all[2], err
}

// feed writes the input and closes the standard input.
func (s *Subprocess) feed(ctx context.Context, input []byte) error {
	if s.Stdin == nil {
		return nil
	}
	_, _ = s.Stdin.Write(input)
	err := s.Stdin.Drain(ctx)
	s.Stdin.Close()
	if err != nil && isCanceled(err) {
		return err
	}
	return nil // it need not read
}

// subprocessStreams is the protocol of a Subprocess.
type subprocessStreams struct {
	limit   int
	t       *SubprocessTransport
	stdin   *StreamWriter
	readers [3]*StreamReader // nil: not a pipe
	open    int              // pipes of output that are not at their end
	exited  bool
	writeFlow
}

// ConnectionMade implements SubprocessProtocol.
func (p *subprocessStreams) ConnectionMade(t *SubprocessTransport) {
	p.t = t
	if pipe := t.PipeTransport(0); pipe != nil {
		p.stdin = &StreamWriter{transport: pipe, flow: &p.writeFlow, closed: CreateFuture[struct{}](p.loop)}
	}
	for fd := 1; fd <= 2; fd++ {
		if pipe := t.PipeTransport(fd); pipe != nil {
			p.readers[fd] = NewStreamReader(p.loop, p.limit)
			p.readers[fd].transport = pipe
			p.open++
		}
	}
}

// PipeDataReceived implements SubprocessProtocol.
func (p *subprocessStreams) PipeDataReceived(fd int, data []byte) {
	if r := p.readers[fd]; !r.eof {
		_ = r.FeedData(data)
	}
}

// PipeConnectionLost implements SubprocessProtocol.
func (p *subprocessStreams) PipeConnectionLost(fd int, err error) {
	if fd == 0 {
		p.connectionLost(p.stdin.closed, err)
		return
	}
	if err != nil {
		p.readers[fd].SetErr(err)
	} else {
		p.readers[fd].FeedEOF()
	}
	p.open--
	p.mayClose()
}

// ProcessExited implements SubprocessProtocol.
func (p *subprocessStreams) ProcessExited() {
	p.exited = true
	p.mayClose()
}

// mayClose closes what is left when nothing more can come.
func (p *subprocessStreams) mayClose() {
	if p.exited && p.open == 0 {
		p.t.Close()
	}
}

// ConnectionLost implements SubprocessProtocol.
func (p *subprocessStreams) ConnectionLost(error) {}
