package asyncio

import (
	"context"
	"fmt"
	"syscall"
)

// A StreamHandler serves a connection, in a task of its own. The connection is closed by
// it or, if it returns an error, by the server, whose exception handler is told.
type StreamHandler func(ctx context.Context, r *StreamReader, w *StreamWriter) error

// streamProtocol is the protocol below a reader and a writer.
type streamProtocol struct {
	reader    *StreamReader
	writer    *StreamWriter
	ctx       context.Context // of the server's maker, for the handlers' values
	handler   StreamHandler
	closed    *Future[struct{}]
	paused    bool
	lost      bool
	draining  []*Future[struct{}]
	encrypted bool
}

func newStreamProtocol(ctx context.Context, l *Loop, limit int, h StreamHandler) *streamProtocol {
	p := &streamProtocol{reader: NewStreamReader(l, limit), ctx: ctx, handler: h, closed: CreateFuture[struct{}](l)}
	p.writer = &StreamWriter{protocol: p, reader: p.reader}
	return p
}

// ConnectionMade implements BaseProtocol.
func (p *streamProtocol) ConnectionMade(t Transport) {
	p.writer.transport, p.reader.transport = t, t
	p.encrypted = t.ExtraInfo("sslcontext") != nil
	if p.handler == nil {
		return
	}
	l := p.reader.loop
	task := newTask(l, p.ctx, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, p.handler(ctx, p.reader, p.writer)
	}, nil)
	task.fut.addCallback(func() {
		if task.Canceled() {
			t.Close()
		} else if err := task.Err(); err != nil {
			l.CallExceptionHandler(ErrorContext{Message: "error of a stream handler", Err: err, Task: task, Transport: t})
			t.Close()
		}
	})
}

// DataReceived implements Protocol.
func (p *streamProtocol) DataReceived(data []byte) { _ = p.reader.FeedData(data) }

// EOFReceived implements BaseProtocol. Only TLS cannot go on to write.
func (p *streamProtocol) EOFReceived() bool {
	p.reader.FeedEOF()
	return !p.encrypted
}

// ConnectionLost implements BaseProtocol.
func (p *streamProtocol) ConnectionLost(err error) {
	p.lost = true
	if err == nil {
		p.reader.FeedEOF()
		p.closed.finish(struct{}{})
	} else {
		p.reader.SetErr(err)
		p.closed.fail(err)
		p.closed.asked() // the reader tells it, too
	}
	p.wake(err)
}

// PauseWriting implements BaseProtocol.
func (p *streamProtocol) PauseWriting() { p.paused = true }

// ResumeWriting implements BaseProtocol.
func (p *streamProtocol) ResumeWriting() {
	p.paused = false
	p.wake(nil)
}

// wake lets those go on who drain.
func (p *streamProtocol) wake(err error) {
	all := p.draining
	p.draining = nil
	for _, f := range all {
		if err == nil {
			f.finish(struct{}{})
		} else if f.fail(err) {
			f.asked()
		}
	}
}

// errLost is the error of who writes to a connection that is lost.
var errLost = fmt.Errorf("asyncio: connection lost: %w", syscall.ECONNRESET)

func (p *streamProtocol) drain(ctx context.Context) error {
	if p.lost {
		return errLost
	}
	if !p.paused {
		return nil
	}
	f := CreateFuture[struct{}](p.reader.loop)
	p.draining = append(p.draining, f)
	_, err := f.Await(ctx)
	return err
}

// OpenConnection connects to a TCP host and returns the connection's two halves. A limit
// of zero stands for DefaultLimit. The errors are those of Loop.CreateConnection.
//
// Cancellation: no connection is left behind.
func OpenConnection(ctx context.Context, o ConnectionOptions, limit int) (*StreamReader, *StreamWriter, error) {
	l := mustRunningLoop(ctx)
	p := newStreamProtocol(ctx, l, limit, nil)
	_, _, err := l.CreateConnection(ctx, func() BaseProtocol { return p }, o)
	return p.halves(err)
}

// OpenUnixConnection connects to a UNIX socket as OpenConnection does; see
// Loop.CreateUnixConnection. Cancellation: no connection is left behind.
func OpenUnixConnection(ctx context.Context, pathOrSocket any, limit int) (*StreamReader, *StreamWriter, error) {
	l := mustRunningLoop(ctx)
	p := newStreamProtocol(ctx, l, limit, nil)
	_, _, err := l.CreateUnixConnection(ctx, func() BaseProtocol { return p }, pathOrSocket)
	return p.halves(err)
}

func (p *streamProtocol) halves(err error) (*StreamReader, *StreamWriter, error) {
	if err != nil {
		return nil, nil, err
	}
	return p.reader, p.writer, nil
}

// StartServer serves TCP connections, each by a call of h in a task. A limit of zero
// stands for DefaultLimit. Closing the server does not end the tasks.
//
// Cancellation: nothing is left open.
func StartServer(ctx context.Context, h StreamHandler, o ServerOptions, limit int) (*Server, error) {
	if h == nil {
		return nil, misuse("StartServer: the handler is nil")
	}
	l := mustRunningLoop(ctx)
	return l.CreateServer(ctx, func() BaseProtocol { return newStreamProtocol(ctx, l, limit, h) }, o)
}

// StartUnixServer serves connections of a UNIX socket as StartServer does. Cancellation:
// nothing is left open.
func StartUnixServer(ctx context.Context, h StreamHandler, o UnixServerOptions, limit int) (*Server, error) {
	if h == nil {
		return nil, misuse("StartUnixServer: the handler is nil")
	}
	l := mustRunningLoop(ctx)
	return l.CreateUnixServer(ctx, func() BaseProtocol { return newStreamProtocol(ctx, l, limit, h) }, o)
}
