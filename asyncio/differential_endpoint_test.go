//go:build linux

package asyncio_test

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/anyio-go/anyio/asyncio"
)

// These tell how Linux treats sockets and pipes.
var endpointTwins = []twin{
	{name: "datagrams", main: datagrams},
	{name: "datagrams_error", main: datagramsError},
	{name: "pipes", readiness: true, main: pipes},
	{name: "readers_writers", readiness: true, main: readersWriters},
}

// A dgram is a protocol of datagrams made of functions.
type dgram struct {
	asyncio.DatagramProtocolDefaults
	tr      asyncio.DatagramTransport
	got     func(data []byte, from net.Addr)
	refused func(err error)
	lost    *asyncio.Future[error]
}

func (d *dgram) ConnectionMade(t asyncio.DatagramTransport) { d.tr = t }

func (d *dgram) DatagramReceived(data []byte, from net.Addr) {
	if d.got != nil {
		d.got(data, from)
	}
}

func (d *dgram) ErrorReceived(err error) {
	if d.refused != nil {
		d.refused(err)
	}
}

func (d *dgram) ConnectionLost(err error) {
	if d.lost != nil {
		_ = d.lost.SetResult(err)
	}
}

func endpoint(ctx context.Context, d *dgram, o asyncio.DatagramOptions) (asyncio.DatagramTransport, error) {
	t, _, err := loopIn(ctx).CreateDatagramEndpoint(ctx, func() asyncio.DatagramProtocol { return d }, o)
	return t, err
}

func datagrams(ctx context.Context, p *printer) error {
	echo := &dgram{}
	echo.got = func(data []byte, from net.Addr) { _ = echo.tr.SendTo(upperCase(data), from) }
	server, err := endpoint(ctx, echo, asyncio.DatagramOptions{LocalHost: "127.0.0.1"})
	if err != nil {
		return err
	}
	defer server.Close()
	address := server.ExtraInfo("sockname").(net.Addr)
	type answer struct {
		data []byte
		from net.Addr
	}
	var next *asyncio.Future[answer]
	client := &dgram{lost: asyncio.NewFuture[error](ctx)}
	client.got = func(data []byte, from net.Addr) {
		_ = next.SetResult(answer{append([]byte(nil), data...), from})
	}
	t, err := endpoint(ctx, client, asyncio.DatagramOptions{RemoteHost: "127.0.0.1", RemotePort: address.(*net.UDPAddr).Port})
	if err != nil {
		return err
	}
	for _, message := range []string{"one", "two words"} {
		next = asyncio.NewFuture[answer](ctx)
		if err := t.SendTo([]byte(message), nil); err != nil {
			return err
		}
		a, err := next.Await(ctx)
		if err != nil {
			return err
		}
		p.print(a.data, a.from.String() == address.String())
	}
	if refused(func() error { return t.SendTo([]byte("x"), &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9}) }) {
		p.print("another address refused when connected")
	}
	t.Close()
	why, err := client.lost.Await(ctx)
	p.print("lost", why, t.IsClosing())
	return err
}

func datagramsError(ctx context.Context, p *printer) error {
	bound, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	nobody := bound.LocalAddr().(*net.UDPAddr)
	err = bound.Close()
	refusal := asyncio.NewFuture[bool](ctx)
	client := &dgram{lost: asyncio.NewFuture[error](ctx)}
	client.refused = func(err error) { _ = refusal.SetResult(errors.Is(err, syscall.ECONNREFUSED)) }
	t, err2 := endpoint(ctx, client, asyncio.DatagramOptions{RemoteHost: "127.0.0.1", RemotePort: nobody.Port})
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	if err := t.SendTo([]byte("to nobody"), nil); err != nil {
		return err
	}
	yes, err := refusal.Await(ctx)
	p.print("refused", yes, "closing", t.IsClosing(), "lost", client.lost.Done())
	somebody, err2 := net.ListenUDP("udp4", nobody)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	defer somebody.Close()
	for range 2 {
		err = errors.Join(err, t.SendTo([]byte("to somebody"), nil))
	}
	t.Close()
	t.Close()
	data := make([]byte, 100)
	n, err2 := asyncio.ToThread(ctx, func() (int, error) { return somebody.Read(data) })
	why, err3 := client.lost.Await(ctx)
	p.print(data[:n], "lost", why, "closing", t.IsClosing())
	return errors.Join(err, err2, err3)
}

func pipes(ctx context.Context, p *printer) error {
	for _, who := range []string{"writer", "reader"} {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		rlost, wlost := asyncio.NewFuture[error](ctx), asyncio.NewFuture[error](ctx)
		var got []byte
		reads := &proto{data: func(data []byte) { got = append(got, data...) }, lost: func(err error) { _ = rlost.SetResult(err) }}
		reads.eof = func() bool { p.print("eof after", got); return false }
		writes := &proto{lost: func(err error) { _ = wlost.SetResult(err) }}
		rt, _, err := loopIn(ctx).ConnectReadPipe(ctx, func() asyncio.BaseProtocol { return reads }, r)
		wt, _, err2 := loopIn(ctx).ConnectWritePipe(ctx, func() asyncio.BaseProtocol { return writes }, w)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		if who == "writer" {
			if _, err := wt.Write([]byte("data")); err != nil {
				return err
			}
			p.print("can write eof", wt.CanWriteEOF())
			wt.Close()
		} else {
			rt.Close()
		}
		re, err := rlost.Await(ctx)
		we, err2 := wlost.Await(ctx)
		p.print(who, "closes:", re, we, rt.IsClosing(), wt.IsClosing())
		if err := errors.Join(err, err2); err != nil {
			return err
		}
	}
	return nil
}

func readersWriters(ctx context.Context, p *printer) error {
	loop := loopIn(ctx)
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	a, b := fds[0], fds[1]
	defer syscall.Close(a)
	var events *asyncio.Future[string]
	receive := func(before, after string) func() {
		return func() {
			buf := make([]byte, 100)
			n, _ := syscall.Read(a, buf)
			_ = events.SetResult(before + repr(buf[:max(n, 0)]) + after)
		}
	}
	next := func(send string) error {
		events = asyncio.NewFuture[string](ctx)
		if send != "" {
			if _, err := syscall.Write(b, []byte(send)); err != nil {
				return err
			}
		}
		e, err := events.Await(ctx)
		p.print(e)
		return err
	}
	err = loop.AddReader(uintptr(a), receive("readable ", ""))
	err = errors.Join(err, next("one"), next("two"))
	err = errors.Join(err, loop.AddReader(uintptr(a), receive("('replaced', ", ")")), next("three"))
	err = errors.Join(err, loop.AddWriter(uintptr(a), func() {
		_ = events.SetResult("writable")
		p.print("remove", loop.RemoveWriter(uintptr(a)))
	}), next(""))
	p.print("remove", loop.RemoveWriter(uintptr(a)), loop.RemoveReader(uintptr(a)), loop.RemoveReader(uintptr(a)))
	events = asyncio.NewFuture[string](ctx)
	_, err2 := syscall.Write(b, []byte("four"))
	err3 := asyncio.Sleep(ctx, 10*ms)
	p.print("nothing came", !events.Done())
	return errors.Join(err, err2, err3, syscall.Close(b))
}
