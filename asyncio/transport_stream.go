package asyncio

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A wire is what a streamTransport reads from and writes to.
type wire interface {
	kernel.Watchable
	TryRead(p []byte) (int, error)
	TryWrite(p []byte) (int, error)
	SyscallConn() (syscall.RawConn, error)
	Close() error
}

type wireKind uint8

const (
	socketWire wireKind = iota
	readPipe
	writePipe
)

// A streamTransport is the transport of a stream socket or of an end of a pipe. There are
// ten thousand of them in a server, which mostly do nothing: what is rare is no field.
type streamTransport struct {
	ioTurns
	conn     wire
	protocol BaseProtocol
	server   *Server // that has accepted it, may be nil
	buf      []byte  // not yet written
	flow     flow
	warned   uint32 // writes after the connection was lost

	kind    wireKind
	made    bool // the protocol was told of the connection
	paused  bool // by PauseReading
	ended   bool // there is no more to read
	eof     bool // by WriteEOF
	closing bool
	losing  bool // ConnectionLost was called, or is about to be
}

// newStreamTransport begins a connection: the loop tells the protocol, then calls ready, if
// that is not nil, and begins to read.
func newStreamTransport(l *Loop, conn wire, kind wireKind, p BaseProtocol, s *Server, ready func()) *streamTransport {
	t := &streamTransport{ioTurns: ioTurns{loop: l, ready: ready}, conn: conn, kind: kind, protocol: p, server: s}
	t.reading.to, t.writing.to = (*streamReader)(t), (*streamWriter)(t)
	if s != nil {
		s.attach()
	}
	conn.Watch((*ioWatch)(&t.ioTurns))
	t.wantRead()
	return t
}

// checkProtocol refuses what is no protocol of such a transport.
func (kind wireKind) checkProtocol(p BaseProtocol) error {
	switch p.(type) {
	case Protocol, BufferedProtocol:
		return nil
	case nil:
		return misuse("the protocol is nil")
	}
	if kind == writePipe { // it receives nothing
		return nil
	}
	return misuse("the protocol is neither a Protocol nor a BufferedProtocol")
}

// A streamReader is the transport as the loop calls it when there may be something to read.
type streamReader streamTransport

// Called implements kernel.Callee. Between two pieces of data all others have their turn,
// also what the protocol schedules.
func (r *streamReader) Called() {
	t := (*streamTransport)(r)
	t.reading.begin()
	switch {
	case !t.made:
		t.made = true
		t.begin(t.context("ConnectionMade of the protocol failed"), func() { t.protocol.ConnectionMade(t) })
	case t.losing || t.closing || t.paused || t.ended:
		return
	case t.kind == writePipe:
		t.lookForHangup()
		return
	default:
		if p, ok := t.protocol.(BufferedProtocol); ok {
			t.readInto(p)
		} else {
			t.read(t.protocol.(Protocol))
		}
	}
}

func (t *streamTransport) context(message string) ErrorContext {
	c := ErrorContext{Message: message, Protocol: t.protocol, Transport: t}
	if p, ok := t.protocol.(*processPipe); ok {
		c.Protocol = p.t.protocol
	}
	return c
}

// receive calls a function of the protocol, whose failure ends the connection.
func (t *streamTransport) receive(message string, f func()) error {
	return t.loop.guardedOr(t.context(message), f, t.lose)
}

// read reads one piece of data.
func (t *streamTransport) read(p Protocol) {
	buf := t.loop.readBuffer()
	n, err := t.conn.TryRead(buf)
	if err != nil {
		t.readFailed(err)
		return
	}
	if t.receive("DataReceived of the protocol failed", func() { p.DataReceived(buf[:n:n]) }) != nil {
		return
	}
	t.readOn()
	if t.loop.debug.Load() {
		clear(buf[:n])
	}
}

// readOn takes another turn to read, unless it is known that there is nothing.
func (t *streamTransport) readOn() {
	if d, ok := t.conn.(kernel.Drainer); !ok || !d.Drained() {
		t.wantRead()
	}
}

// readInto is read for a protocol with buffers of its own.
func (t *streamTransport) readInto(p BufferedProtocol) {
	var buf []byte
	failed := t.receive("GetBuffer of the protocol failed", func() {
		if buf = p.GetBuffer(-1); len(buf) == 0 {
			panic(errors.New("asyncio: GetBuffer has returned an empty buffer"))
		}
	})
	if failed != nil {
		return
	}
	n, err := t.conn.TryRead(buf)
	if err != nil {
		t.readFailed(err)
		return
	}
	if t.receive("BufferUpdated of the protocol failed", func() { p.BufferUpdated(n) }) == nil {
		t.readOn()
	}
}

func (t *streamTransport) readFailed(err error) {
	switch err {
	case kernel.ErrWouldBlock:
	case io.EOF:
		t.readEnded()
	default:
		t.fail(err, "read error on transport")
	}
}

// readEnded tells the protocol of the end.
func (t *streamTransport) readEnded() {
	t.ended = true
	keepOpen := false
	failed := t.receive("EOFReceived of the protocol failed", func() { keepOpen = t.protocol.EOFReceived() })
	if failed == nil && (!keepOpen || t.kind == readPipe) {
		t.Close()
	}
}

// lookForHangup closes the end of a pipe that nobody reads any more.
func (t *streamTransport) lookForHangup() {
	switch err := t.conn.(kernel.TryFile).TryHangup(); {
	case err == kernel.ErrWouldBlock, errors.Is(err, errors.ErrUnsupported):
	case err == nil && len(t.buf) == 0:
		t.Close()
	case err == nil:
		t.lose(&net.OpError{Op: "write", Net: "pipe", Err: syscall.EPIPE})
	default:
		t.fail(err, "error on pipe")
	}
}

// deaf reports whether nothing tells that nobody reads from the pipe any more.
func (t *streamTransport) deaf() bool {
	f, ok := t.conn.(kernel.TryFile)
	return ok && errors.Is(f.TryHangup(), errors.ErrUnsupported)
}

// fail ends the connection for what the system says.
func (t *streamTransport) fail(err error, message string) {
	if t.loop.debug.Load() {
		slog.Debug("asyncio: "+message, "error", err, "transport", t.ExtraInfo("sockname"))
	}
	t.lose(err)
}

// PauseReading implements Transport.
func (t *streamTransport) PauseReading() {
	t.mustRead("PauseReading")
	if t.IsReading() {
		t.paused = true
		t.conn.PauseReading()
	}
}

// ResumeReading implements Transport.
func (t *streamTransport) ResumeReading() {
	t.mustRead("ResumeReading")
	if t.paused && !t.closing {
		t.paused = false
		t.conn.ResumeReading()
		t.wantRead()
	}
}

// IsReading implements Transport.
func (t *streamTransport) IsReading() bool { return !t.closing && !t.paused }

func (t *streamTransport) mustRead(op string) {
	t.loop.use(op)
	if t.kind == writePipe {
		panic(misuse(op + " of the end of a pipe that is written to"))
	}
}

// SetProtocol implements Transport.
func (t *streamTransport) SetProtocol(p BaseProtocol) {
	t.loop.use("SetProtocol")
	if err := t.kind.checkProtocol(p); err != nil {
		panic(err)
	}
	t.protocol = p
}

// Protocol implements Transport.
func (t *streamTransport) Protocol() BaseProtocol { return t.protocol }

// ExtraInfo implements Transport.
func (t *streamTransport) ExtraInfo(name string) any { return extraOf(t.socket(), name) }

func (t *streamTransport) socket() *TransportSocket {
	s := &TransportSocket{conn: t.conn}
	if t.kind == socketWire {
		s.network = networkOf("tcp", "unix", t.conn.(kernel.Conn))
	}
	return s
}

var (
	_ Transport = (*streamTransport)(nil)
	_ io.Writer = Transport(nil)
)
