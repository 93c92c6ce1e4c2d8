package asyncio

import "context"

// A StreamHandler serves a connection, in a task of its own. The connection is closed by
// it or, if it returns an error, by the server, whose exception handler is told.
type StreamHandler func(ctx context.Context, r *StreamReader, w *StreamWriter) error

// streamProtocol is the protocol below a reader and a writer.
type streamProtocol struct {
	reader    *StreamReader
	writer    *StreamWriter
	ctx       context.Context // of the server's maker, for the handlers' values
	handler   StreamHandler
	encrypted bool
	writeFlow
}

func newStreamProtocol(ctx context.Context, l *Loop, limit int, h StreamHandler) *streamProtocol {
	p := &streamProtocol{reader: NewStreamReader(l, limit), ctx: ctx, handler: h, writeFlow: writeFlow{loop: l}}
	p.writer = &StreamWriter{flow: &p.writeFlow, closed: CreateFuture[struct{}](l), reader: p.reader}
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
			defer t.Close()
			l.CallExceptionHandler(ErrorContext{Message: "error of a stream handler", Err: err, Task: task, Transport: t})
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
	if err == nil {
		p.reader.FeedEOF()
	} else {
		p.reader.SetErr(err)
	}
	p.connectionLost(p.writer.closed, err)
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
func OpenUnixConnection(ctx context.Context, o UnixConnectionOptions, limit int) (*StreamReader, *StreamWriter, error) {
	l := mustRunningLoop(ctx)
	p := newStreamProtocol(ctx, l, limit, nil)
	_, _, err := l.CreateUnixConnection(ctx, func() BaseProtocol { return p }, o)
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
