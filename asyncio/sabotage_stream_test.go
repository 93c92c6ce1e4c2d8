package asyncio_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"slices"
	"testing"

	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// A failing is a protocol one of whose functions fails.
type failing struct {
	record
	s    *sabotage
	at   string
	tr   asyncio.Transport
	got  bytes.Buffer
	lost int
	err  error // it was lost with
}

func (p *failing) on(what string) {
	p.add("%s", what)
	if what == p.at {
		p.s.fail()
	}
}

func (p *failing) ConnectionMade(tr asyncio.Transport) { p.tr = tr; p.on("ConnectionMade") }
func (p *failing) DataReceived(data []byte)            { p.got.Write(data); p.on("DataReceived") }
func (p *failing) EOFReceived() bool                   { p.on("EOFReceived"); return false }
func (p *failing) PauseWriting()                       { p.on("PauseWriting") }
func (p *failing) ResumeWriting()                      { p.on("ResumeWriting") }
func (p *failing) ConnectionLost(err error)            { p.lost++; p.err = err; p.on("ConnectionLost") }

// A failingBuffered has buffers of its own.
type failingBuffered struct{ failing }

func (p *failingBuffered) GetBuffer(int) []byte { p.on("GetBuffer"); return make([]byte, 16) }
func (p *failingBuffered) BufferUpdated(n int)  { p.on("BufferUpdated") }

// wantOver waits for the end of the connection, which is told once. fatal says that the
// failure has ended it.
func (p *failing) wantOver(fatal bool) {
	p.s.t.Helper()
	p.s.until(func() bool { return p.tr != nil && p.tr.Protocol() == nil })
	if p.lost != 1 || fatal != p.s.is(p.err) || !fatal && p.err != nil {
		p.s.t.Errorf("%s: lost %d times, with %v", p.at, p.lost, p.err)
	}
	for _, c := range p.s.told {
		if p.at != "" && c.Handle == nil && c.Protocol == nil {
			p.s.t.Errorf("told of no protocol: %+v", c)
		}
	}
}

// accepted plays a failure of a protocol of a server, to which a peer says something and then
// that this is all, in the clear and over TLS.
func accepted(at string, fatal bool) []saboteur {
	server, client := configs()
	return []saboteur{
		acceptedOver("TCP", nil, at, fatal, func(ctx context.Context, s stream.ByteStream) (stream.ByteStream, error) { return s, nil }),
		acceptedOver("TLS", server, at, fatal, func(ctx context.Context, s stream.ByteStream) (stream.ByteStream, error) {
			return tlsstream.Client(ctx, s, client, nil)
		}),
	}
}

func acceptedOver(name string, config *tls.Config, at string, fatal bool,
	upgrade func(ctx context.Context, s stream.ByteStream) (stream.ByteStream, error)) saboteur {
	return saboteur{name: "accepted/" + name + "/" + at, play: func(s *sabotage) {
		o := onLoopback
		o.TLS = config
		b := &failingBuffered{failing{s: s, at: at}}
		p := &b.failing
		server := must[*asyncio.Server](s.t)(s.l.CreateServer(s.ctx, func() asyncio.BaseProtocol {
			if at == "GetBuffer" || at == "BufferUpdated" {
				return b
			}
			return p
		}, o))
		peer := must[stream.ByteStream](s.t)(upgrade(s.ctx, must[*socket.Stream](s.t)(socket.Dial(s.ctx, "tcp", server.Sockets()[0].LocalAddr().String()))))
		defer peer.Close(s.ctx)
		testkit.Must(s.t, peer.Send(s.ctx, []byte("x")))
		_ = peer.SendEOF(s.ctx)        // unless it has ended
		_, _ = receiveAll(s.ctx, peer) // or a reset
		p.wantOver(fatal)
		if !fatal && p.got.String() != "x" {
			s.t.Errorf("received %q", p.got.String())
		}
		closeServer(s, server)
	}}
}

// connected plays a failure of a protocol of a client that writes more than goes at once.
func connected(at string, path func() string) saboteur {
	return saboteur{name: "connected/" + at, needs: func(t *testing.T) { socketPath(t) }, play: func(s *sabotage) {
		listener := must[*socket.UnixListener](s.t)(socket.ListenUnix(s.ctx, path()))
		defer listener.Close(s.ctx)
		p := &failing{s: s, at: at}
		if _, _, err := s.l.CreateUnixConnection(s.ctx, func() asyncio.BaseProtocol { return p }, asyncio.UnixConnectionOptions{Path: listener.Addr().String()}); err != nil {
			s.t.Fatal(err)
		}
		peer := must[*socket.UnixStream](s.t)(listener.Accept(s.ctx))
		defer peer.Close(s.ctx)
		data := bytes.Repeat([]byte("0123456789"), 100<<10)
		s.l.CallSoon(func() {
			defer p.tr.Close()
			_, _ = p.tr.Write(data)
		})
		all, err := receiveAll(s.ctx, &peer.Stream)
		if all != string(data) || err != nil {
			s.t.Errorf("%d bytes, %v", len(all), err)
		}
		p.wantOver(false)
	}}
}

func TestProtocolsThatFail(t *testing.T) {
	path := func() string { return socketPath(t) }
	all := slices.Concat(accepted("ConnectionMade", false), accepted("DataReceived", true), accepted("EOFReceived", true),
		accepted("ConnectionLost", false), accepted("GetBuffer", true), accepted("BufferUpdated", true))
	sabotaged(t, append(all, []saboteur{
		connected("ConnectionMade", path), connected("PauseWriting", path),
		connected("ResumeWriting", path), connected("ConnectionLost", path),
		{name: "connected over TLS/ConnectionMade", play: func(s *sabotage) {
			_, client := configs()
			server := encryptedServer(s.t, s.ctx, echoLines)
			p := &failing{s: s, at: "ConnectionMade"}
			tr, _, err := s.l.CreateConnection(s.ctx, func() asyncio.BaseProtocol { return p },
				asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(server), TLS: client})
			testkit.Must(s.t, err)
			tr.Close()
			p.wantOver(false)
			closeServer(s, server)
		}},
		{name: "factory of a server", play: func(s *sabotage) {
			p := &failing{s: s}
			server := must[*asyncio.Server](s.t)(s.l.CreateServer(s.ctx, func() asyncio.BaseProtocol { s.fail(); return p }, onLoopback))
			var peers [2]*socket.Stream
			for i := range peers { // both wait to be accepted
				peers[i] = must[*socket.Stream](s.t)(socket.Dial(s.ctx, "tcp", server.Sockets()[0].LocalAddr().String()))
				defer peers[i].Close(s.ctx)
			}
			_, _ = receiveAll(s.ctx, peers[0])
			testkit.Must(s.t, peers[1].SendEOF(s.ctx))
			_, _ = receiveAll(s.ctx, peers[1])
			p.wantOver(false)
			closeServer(s, server)
		}},
	}...), realLoop, simulated)
}

// A failingGram is a protocol of datagrams one of whose functions fails.
type failingGram struct {
	failing
	tr   asyncio.DatagramTransport
	errs int
}

func (p *failingGram) ConnectionMade(tr asyncio.DatagramTransport) { p.tr = tr; p.on("ConnectionMade") }
func (p *failingGram) DatagramReceived([]byte, net.Addr)           { p.on("DatagramReceived") }
func (p *failingGram) ErrorReceived(error)                         { p.errs++; p.on("ErrorReceived") }

func (p *failingGram) wantOver(fatal bool) {
	p.s.t.Helper()
	p.s.until(func() bool { return p.tr.Protocol() == nil })
	if p.lost != 1 || fatal != p.s.is(p.err) || !fatal && p.err != nil {
		p.s.t.Errorf("%s: lost %d times, with %v", p.at, p.lost, p.err)
	}
}

// toItself plays a failure of an endpoint that sends datagrams to itself.
func toItself(at string, fatal bool) saboteur {
	return saboteur{name: "datagrams/" + at, play: func(s *sabotage) {
		p := &failingGram{failing: failing{s: s, at: at}}
		tr, _, err := s.l.CreateDatagramEndpoint(s.ctx, func() asyncio.DatagramProtocol { return p }, asyncio.DatagramOptions{LocalHost: "127.0.0.1"})
		testkit.Must(s.t, err)
		_ = tr.SendTo([]byte("x"), tr.ExtraInfo("sockname").(net.Addr))
		s.until(func() bool { return p.all[len(p.all)-1] != "ConnectionMade" })
		if tr.IsClosing() != fatal {
			s.t.Errorf("closing: %v", tr.IsClosing())
		}
		tr.Close()
		p.wantOver(fatal)
	}}
}

func TestDatagramProtocolsThatFail(t *testing.T) {
	full := func(at string) saboteur { // of an endpoint whose peer has no room
		return saboteur{name: "datagrams/" + at, needs: func(t *testing.T) { gramPath(t) }, play: func(s *sabotage) {
			path := newPath(t)
			sink := must[*socket.UnixgramSocket](s.t)(socket.ListenUnixgram(s.ctx, path))
			defer sink.Close(s.ctx)
			p := &failingGram{failing: failing{s: s, at: at}}
			tr, _, err := s.l.CreateDatagramEndpoint(s.ctx, func() asyncio.DatagramProtocol { return p }, asyncio.DatagramOptions{RemotePath: path})
			testkit.Must(s.t, err)
			testkit.Must(s.t, tr.SetWriteBufferLimits(1000, 0))
			sent := 0
			s.l.CallSoon(func() {
				defer tr.Close()
				for tr.WriteBufferSize() <= 1000 {
					sent++
					_ = tr.SendTo(make([]byte, 100), nil)
				}
			})
			s.until(tr.IsClosing)
			buf := make([]byte, 200)
			for range sent {
				if _, _, err := sink.ReceiveFrom(s.ctx, buf); err != nil {
					s.t.Error(err)
				}
			}
			p.wantOver(false)
		}}
	}
	sabotaged(t, []saboteur{
		toItself("ConnectionMade", false), toItself("DatagramReceived", true), toItself("ConnectionLost", false),
		full("PauseWriting"), full("ResumeWriting"),
		{name: "datagrams/ErrorReceived", needs: needRefusals, play: func(s *sabotage) {
			other := must[*socket.UDPSocket](s.t)(socket.ListenUDP(s.ctx, "127.0.0.1", 0))
			port := other.LocalAddr().(*net.UDPAddr).Port
			_ = other.Close(s.ctx)
			p := &failingGram{failing: failing{s: s, at: "ErrorReceived"}}
			tr, _, err := s.l.CreateDatagramEndpoint(s.ctx, func() asyncio.DatagramProtocol { return p }, asyncio.DatagramOptions{RemoteHost: "127.0.0.1", RemotePort: port})
			testkit.Must(s.t, err)
			for i := 1; i <= 2; i++ {
				_ = tr.SendTo([]byte("x"), nil)
				s.until(func() bool { return p.errs >= i })
			}
			if tr.IsClosing() {
				s.t.Error("it is closed")
			}
			tr.Close()
			p.wantOver(false)
		}},
	}, realLoop, simulated)
}
