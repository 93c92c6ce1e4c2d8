package asyncio

import (
	"errors"
	"log/slog"
	"net"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
)

// headerSize is what a datagram counts for beside its data, while it is buffered.
const headerSize = 8

// A datagramTransport is the transport of a socket of datagrams.
type datagramTransport struct {
	ioTurns
	conn     kernel.TryPacket
	protocol DatagramProtocol
	peer     net.Addr // if it is connected
	network  string
	queue    []datagram
	size     int // of queue
	flow     flow
	warned   int
	made     bool
	closing  bool
	losing   bool
}

type datagram struct {
	data []byte
	to   kernel.Addr
}

func newDatagramTransport(l *Loop, conn kernel.TryPacket, p DatagramProtocol, ready func()) *datagramTransport {
	t := &datagramTransport{ioTurns: ioTurns{loop: l, ready: ready}, conn: conn, protocol: p, network: networkOf("udp", "unixgram", conn)}
	t.reading.to, t.writing.to = (*datagramReader)(t), (*datagramWriter)(t)
	if a := conn.RemoteAddr(); a != (kernel.Addr{}) {
		t.peer = toNet(t.network, a)
	}
	conn.Watch((*ioWatch)(&t.ioTurns))
	t.wantRead()
	return t
}

func (t *datagramTransport) context(message string) ErrorContext {
	return ErrorContext{Message: message, Protocol: t.protocol, Transport: t}
}

// A datagramReader is the transport as the loop calls it when a datagram may be there.
type datagramReader datagramTransport

// Called implements kernel.Callee.
func (r *datagramReader) Called() {
	t := (*datagramTransport)(r)
	t.reading.begin()
	switch {
	case !t.made:
		t.made = true
		t.begin(t.context("ConnectionMade of the protocol failed"), func() { t.protocol.ConnectionMade(t) })
		return
	case t.losing || t.closing:
		return
	}
	buf := t.loop.readBuffer()
	n, from, err := t.conn.TryReadFrom(buf)
	switch {
	case err == kernel.ErrWouldBlock:
		return
	case errors.Is(err, net.ErrClosed):
		t.lose(err)
		return
	}
	defer t.wantRead()
	if err != nil {
		t.tellError(err)
		return
	}
	addr := t.peer
	if addr == nil {
		addr = toNet(t.network, from)
	}
	_ = t.loop.guardedOr(t.context("DatagramReceived of the protocol failed"), func() { t.protocol.DatagramReceived(buf[:n:n], addr) }, t.lose)
	if t.loop.debug.Load() {
		clear(buf[:n])
	}
}

func (t *datagramTransport) tellError(err error) {
	_ = t.loop.guarded(t.context("ErrorReceived of the protocol failed"), func() { t.protocol.ErrorReceived(err) })
}

// SendTo implements DatagramTransport.
func (t *datagramTransport) SendTo(data []byte, addr net.Addr) error {
	t.loop.use("SendTo")
	var to kernel.Addr
	switch {
	case t.peer == nil && addr == nil:
		return misuse("SendTo without an address, and the socket is not connected")
	case addr != nil:
		to = netaddr.FromNet(addr)
		if t.peer != nil && to != netaddr.FromNet(t.peer) {
			return misuse("SendTo: the address must be nil or that of the other side, " + t.peer.String())
		}
		if t.peer != nil {
			to = kernel.Addr{}
		}
	}
	if t.losing {
		if t.warned++; t.warned >= warnWrites {
			slog.Warn("asyncio: a protocol goes on sending by a socket that is closed")
		}
		return anyio.ErrClosed
	}
	if len(t.queue) == 0 {
		if err := t.conn.TryWriteTo(data, to); err == nil {
			return nil
		} else if err != kernel.ErrWouldBlock {
			t.tellError(err)
			return nil
		}
	}
	t.queue = append(t.queue, datagram{append([]byte(nil), data...), to})
	t.size += len(data) + headerSize
	t.flow.grown(t.loop, t.protocol, t.size, t.context(""))
	return nil
}

// A datagramWriter is the transport as the loop calls it when it may send.
type datagramWriter datagramTransport

// Called implements kernel.Callee.
func (w *datagramWriter) Called() {
	t := (*datagramTransport)(w)
	t.writing.begin()
	sent := false
	defer func() {
		if sent {
			t.flushed()
		} else { // the protocol exits the goroutine
			t.wantWrite()
		}
	}()
	for !t.losing && len(t.queue) > 0 {
		d := t.queue[0]
		err := t.conn.TryWriteTo(d.data, d.to)
		if err == kernel.ErrWouldBlock {
			break
		}
		t.queue[0] = datagram{}
		t.queue = t.queue[1:]
		t.size -= len(d.data) + headerSize
		if err != nil {
			t.tellError(err)
		}
	}
	sent = true
	if !t.losing {
		t.flow.shrunk(t.loop, t.protocol, t.size, t.context("")) // the protocol may send
	}
}

// flushed does what was waiting for the queue to be empty.
func (t *datagramTransport) flushed() {
	if t.losing || len(t.queue) > 0 {
		return
	}
	t.queue = nil
	if t.closing {
		t.losing = true
		t.lost(nil)
	}
}

// SetWriteBufferLimits implements BaseTransport.
func (t *datagramTransport) SetWriteBufferLimits(high, low int) error {
	t.loop.use("SetWriteBufferLimits")
	if err := t.flow.set(high, low); err != nil {
		return err
	}
	if t.protocol != nil {
		t.flow.grown(t.loop, t.protocol, t.size, t.context(""))
	}
	return nil
}

// WriteBufferLimits implements BaseTransport.
func (t *datagramTransport) WriteBufferLimits() (low, high int) { return t.flow.low(), t.flow.high() }

// WriteBufferSize implements BaseTransport.
func (t *datagramTransport) WriteBufferSize() int { return t.size }

// Close implements BaseTransport.
func (t *datagramTransport) Close() {
	t.loop.use("Close")
	if t.closing {
		return
	}
	t.closing = true
	t.conn.PauseReading()
	if len(t.queue) == 0 {
		t.loseSoon(nil)
	}
}

// Abort implements BaseTransport.
func (t *datagramTransport) Abort() {
	t.loop.use("Abort")
	t.lose(nil)
}

// IsClosing implements BaseTransport.
func (t *datagramTransport) IsClosing() bool { return t.closing }

func (t *datagramTransport) lose(err error) {
	if t.losing {
		return
	}
	t.queue, t.size = nil, 0
	t.closing = true
	t.loseSoon(err)
}

func (t *datagramTransport) loseSoon(err error) {
	t.losing = true
	t.loop.callSoon(func() { t.lost(err) })
}

func (t *datagramTransport) lost(err error) {
	defer func() {
		t.protocol = nil
		_ = t.conn.Close() // there is nobody to be told
	}()
	_ = t.loop.guarded(t.context("ConnectionLost of the protocol failed"), func() { t.protocol.ConnectionLost(err) })
}

// SetProtocol implements DatagramTransport.
func (t *datagramTransport) SetProtocol(p DatagramProtocol) {
	t.loop.use("SetProtocol")
	if p == nil {
		panic(misuse("the protocol is nil"))
	}
	t.protocol = p
}

// Protocol implements DatagramTransport.
func (t *datagramTransport) Protocol() DatagramProtocol { return t.protocol }

// ExtraInfo implements BaseTransport.
func (t *datagramTransport) ExtraInfo(name string) any {
	return extraOf(&TransportSocket{conn: t.conn, network: t.network}, name)
}

var _ DatagramTransport = (*datagramTransport)(nil)
