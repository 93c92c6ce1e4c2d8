package asyncio_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/socket"
)

var protocolTwins = []twin{
	{name: "protocol_states", main: protocolStates, promised: true},
	{name: "protocol_close", main: protocolClose, promised: true},
	{name: "protocol_flow", main: protocolFlow, promised: true},
	{name: "protocol_buffered", main: protocolBuffered, promised: true},
	{name: "protocol_switch", main: protocolSwitch, promised: true},
	{name: "protocol_defaults", main: protocolDefaults, promised: true},
	{name: "protocol_error", main: protocolError, promised: true},
	{name: "server_states", main: serverStates, promised: true},
}

// A proto is a protocol made of functions.
type proto struct {
	asyncio.ProtocolDefaults
	made   func(t asyncio.Transport)
	data   func(data []byte)
	eof    func() bool
	lost   func(err error)
	pause  func()
	resume func()
	tr     asyncio.Transport
}

func (p *proto) ConnectionMade(t asyncio.Transport) {
	p.tr = t
	if p.made != nil {
		p.made(t)
	}
}

func (p *proto) DataReceived(data []byte) {
	if p.data != nil {
		p.data(data)
	}
}

func (p *proto) EOFReceived() bool { return p.eof != nil && p.eof() }

func (p *proto) ConnectionLost(err error) {
	if p.lost != nil {
		p.lost(err)
	}
}

func (p *proto) PauseWriting() {
	if p.pause != nil {
		p.pause()
	}
}

func (p *proto) ResumeWriting() {
	if p.resume != nil {
		p.resume()
	}
}

// serve makes a server on the loopback; factory makes the protocols.
func serve(ctx context.Context, factory func() asyncio.BaseProtocol) (*asyncio.Server, error) {
	return loopIn(ctx).CreateServer(ctx, factory, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}})
}

func connect(ctx context.Context, s *asyncio.Server, p asyncio.BaseProtocol) (asyncio.Transport, asyncio.BaseProtocol, error) {
	return loopIn(ctx).CreateConnection(ctx, func() asyncio.BaseProtocol { return p },
		asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)})
}

func protocolStates(ctx context.Context, p *printer) error {
	type logger struct {
		proto
		log  []string
		got  []byte
		lost *asyncio.Future[none]
	}
	logging := func(keepOpen bool) *logger {
		l := &logger{lost: asyncio.NewFuture[none](ctx)}
		l.made = func(asyncio.Transport) { l.log = append(l.log, "made") }
		l.data = func(data []byte) { l.got = append(l.got, data...) }
		l.eof = func() bool {
			l.log = append(l.log, "eof after "+repr(l.got))
			if keepOpen {
				loopIn(ctx).CallSoon(func() {
					_, _ = l.tr.Write(upperCase(l.got))
					l.tr.Close()
					l.log = append(l.log, "closing "+repr(l.tr.IsClosing()))
				})
			}
			return keepOpen
		}
		l.proto.lost = func(err error) {
			l.log = append(l.log, "lost "+repr(err))
			_ = l.lost.SetResult(none{})
		}
		return l
	}
	s, c := logging(true), logging(false)
	server, err := serve(ctx, func() asyncio.BaseProtocol { return s })
	if err != nil {
		return err
	}
	defer server.Close()
	tr, pr, err := connect(ctx, server, c)
	if err != nil {
		return err
	}
	p.print(pr == asyncio.BaseProtocol(c), tr == c.tr, c.log)
	_, err = tr.Write([]byte("hello "))
	err2 := tr.WriteLines([][]byte{[]byte("wo"), []byte("rld")})
	tr.WriteEOF()
	_, err3 := s.lost.Await(ctx)
	_, err4 := c.lost.Await(ctx)
	p.print("server", s.log)
	p.print("client", c.log)
	return errors.Join(err, err2, err3, err4)
}

func upperCase(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		out[i] = c
	}
	return out
}

func protocolClose(ctx context.Context, p *printer) error {
	var arrived *asyncio.Future[int]
	server, err := serve(ctx, func() asyncio.BaseProtocol {
		n := 0
		return &proto{data: func(data []byte) { n += len(data) }, lost: func(error) { _ = arrived.SetResult(n) }}
	})
	if err != nil {
		return err
	}
	defer server.Close()
	for _, how := range []string{"close", "abort"} {
		arrived = asyncio.NewFuture[int](ctx)
		lost := asyncio.NewFuture[error](ctx)
		t, _, err := connect(ctx, server, &proto{lost: func(err error) { _ = lost.SetResult(err) }})
		if err != nil {
			return err
		}
		if _, err := t.Write(make([]byte, 8_000_000)); err != nil {
			return err
		}
		p.print(how, "buffered:", t.WriteBufferSize() > 0, "closing:", t.IsClosing())
		if how == "close" {
			t.Close()
		} else {
			t.Abort()
		}
		t.Close()
		p.print("closing:", t.IsClosing(), "lost at once:", lost.Done())
		why, err := lost.Await(ctx)
		if err != nil {
			return err
		}
		p.print("lost:", why)
		n, err := arrived.Await(ctx)
		if err != nil {
			return err
		}
		p.print("all arrived:", n == 8_000_000)
	}
	return nil
}

// limits is a pair of limits as Python writes it.
func limits(low, high int) string { return fmt.Sprintf("(%d, %d)", low, high) }

func protocolFlow(ctx context.Context, p *printer) error {
	made := asyncio.NewFuture[asyncio.Transport](ctx)
	server, err := serve(ctx, func() asyncio.BaseProtocol {
		return &proto{made: func(t asyncio.Transport) {
			t.PauseReading()
			p.print("reading", t.IsReading())
			_ = made.SetResult(t)
		}}
	})
	if err != nil {
		return err
	}
	defer server.Close()
	resumed := asyncio.NewFuture[none](ctx)
	t, _, err := connect(ctx, server, &proto{pause: p.do("paused"), resume: func() {
		p.print("resumed")
		_ = resumed.SetResult(none{})
	}})
	if err != nil {
		return err
	}
	defer t.Close()
	reader, err := made.Await(ctx)
	if err != nil {
		return err
	}
	defer reader.Abort()
	p.print("default", limits(t.WriteBufferLimits()))
	err = t.SetWriteBufferLimits(1000, -1)
	p.print("high", limits(t.WriteBufferLimits()))
	err2 := t.SetWriteBufferLimits(-1, 100)
	p.print("low", limits(t.WriteBufferLimits()))
	if refused(func() error { return t.SetWriteBufferLimits(1, 2) }) {
		p.print("refused")
	}
	err3 := t.SetWriteBufferLimits(1000, 0)
	for i := range 3 {
		p.print("write", i)
		if _, err := t.Write(make([]byte, []int{8_000_000, 8_000, 8_000}[i])); err != nil {
			return err
		}
	}
	reader.ResumeReading()
	_, err4 := resumed.Await(ctx)
	p.print("size", t.WriteBufferSize())
	return errors.Join(err, err2, err3, err4)
}

// A smallBuffer is a protocol with a buffer of four bytes.
type smallBuffer struct {
	asyncio.ProtocolDefaults
	p      *printer
	buffer [4]byte
	got    []byte
	done   *asyncio.Future[error]
}

func (b *smallBuffer) GetBuffer(int) []byte     { return b.buffer[:] }
func (b *smallBuffer) BufferUpdated(n int)      { b.got = append(b.got, b.buffer[:n]...) }
func (b *smallBuffer) ConnectionLost(err error) { _ = b.done.SetResult(err) }
func (b *smallBuffer) EOFReceived() bool        { b.p.print("eof"); return false }

func protocolBuffered(ctx context.Context, p *printer) error {
	b := &smallBuffer{p: p, done: asyncio.NewFuture[error](ctx)}
	server, err := serve(ctx, func() asyncio.BaseProtocol { return b })
	if err != nil {
		return err
	}
	defer server.Close()
	t, _, err := connect(ctx, server, &proto{})
	if err != nil {
		return err
	}
	_, err = t.Write([]byte("more than the buffer holds"))
	t.Close()
	why, err2 := b.done.Await(ctx)
	p.print("(" + repr(b.got) + ", " + repr(why) + ")")
	return errors.Join(err, err2)
}

func protocolSwitch(ctx context.Context, p *printer) error {
	lost := asyncio.NewFuture[none](ctx)
	var line func(name string) *proto
	line = func(name string) *proto {
		pr := &proto{made: func(asyncio.Transport) { p.print(name, "made") }}
		pr.data = func(data []byte) {
			p.print(name, data)
			if name == "first" {
				second := line("second")
				second.tr = pr.tr
				pr.tr.SetProtocol(second)
				p.print("protocol is second:", pr.tr.Protocol() == asyncio.BaseProtocol(second))
			}
			_, _ = pr.tr.Write([]byte("ok"))
		}
		pr.lost = func(err error) {
			p.print(name, "lost", err)
			_ = lost.SetResult(none{})
		}
		return pr
	}
	server, err := serve(ctx, func() asyncio.BaseProtocol { return line("first") })
	if err != nil {
		return err
	}
	defer server.Close()
	client, err := socket.DialTCP(ctx, "127.0.0.1", portOf(server))
	if err != nil {
		return err
	}
	buf := make([]byte, 2)
	for _, message := range []string{"one", "two"} {
		err = errors.Join(err, client.Send(ctx, []byte(message)))
		for n := 0; n < len(buf); {
			m, err := client.Receive(ctx, buf[n:])
			if n += m; err != nil {
				return err
			}
		}
	}
	err2 := client.Close(ctx)
	_, err3 := lost.Await(ctx)
	return errors.Join(err, err2, err3)
}

func protocolDefaults(ctx context.Context, p *printer) error {
	server, err := serve(ctx, func() asyncio.BaseProtocol { return &proto{} })
	if err != nil {
		return err
	}
	defer server.Close()
	client, err := socket.DialTCP(ctx, "127.0.0.1", portOf(server))
	if err != nil {
		return err
	}
	err = errors.Join(client.Send(ctx, []byte("anything")), client.SendEOF(ctx))
	n, _ := client.Receive(ctx, make([]byte, 1))
	p.print(make([]byte, n))
	if keep := (asyncio.ProtocolDefaults{}).EOFReceived(); !keep {
		p.print(nil, nil) // both kinds of protocols have the same
	}
	return errors.Join(err, client.Close(ctx))
}

func protocolError(ctx context.Context, p *printer) error {
	loopIn(ctx).SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { p.print("handler:", c.Err) })
	for _, where := range []string{"data", "eof"} {
		lost := asyncio.NewFuture[error](ctx)
		server, err := serve(ctx, func() asyncio.BaseProtocol {
			pr := &proto{lost: func(err error) { _ = lost.SetResult(err) }}
			if where == "data" {
				pr.data = func([]byte) { panic(errors.New("in data_received")) }
			} else {
				pr.eof = func() bool { panic(errors.New("in eof_received")) }
			}
			return pr
		})
		if err != nil {
			return err
		}
		client, err := socket.DialTCP(ctx, "127.0.0.1", portOf(server))
		if err != nil {
			return err
		}
		err = errors.Join(client.Send(ctx, []byte("data")), client.SendEOF(ctx))
		why, err2 := lost.Await(ctx)
		p.print("lost:", why)
		server.Close()
		if err := errors.Join(err, err2, client.Close(ctx)); err != nil {
			return err
		}
	}
	return nil
}

func serverStates(ctx context.Context, p *printer) error {
	quiet := func() asyncio.BaseProtocol { return &proto{} }
	server, err := loopIn(ctx).CreateServer(ctx, quiet, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}, Paused: true})
	if err != nil {
		return err
	}
	p.print("serving", server.Serving())
	err = errors.Join(server.StartServing(), server.StartServing())
	p.print("serving", server.Serving())
	t := task(ctx, server.ServeForever)
	if err := yieldTo(ctx, t); err != nil {
		return err
	}
	if refused(func() error { return server.ServeForever(ctx) }) {
		p.print("already in serve_forever")
	}
	t.Cancel("")
	if canceledEnd(ctx, t) {
		p.print("canceled; serving", server.Serving(), len(server.Sockets()))
	}
	if refused(func() error { return server.ServeForever(ctx) }) {
		p.print("refused when closed")
	}
	server.Close()
	server, err2 := serve(ctx, quiet)
	if err2 != nil {
		return err2
	}
	t = task(ctx, server.ServeForever)
	if err := yieldTo(ctx, t); err != nil {
		return err
	}
	server.Close()
	if canceledEnd(ctx, t) {
		p.print("close ends serve_forever; task canceled:", t.Canceled())
	}
	return err
}

// yieldTo lets a task begin, and come to its wait, in any order of tasks.
func yieldTo(ctx context.Context, t asyncio.AnyTask) error {
	for len(t.Stack(0)) == 0 {
		if err := yield(ctx, 1); err != nil {
			return err
		}
	}
	return yield(ctx, 1)
}
