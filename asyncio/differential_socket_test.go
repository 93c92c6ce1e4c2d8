package asyncio_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"

	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/socket"
)

// What the loop does with sockets in Python is package socket's here.
var socketTwins = []twin{
	{name: "sock_echo", main: sockEcho, promised: true},
	{name: "sock_datagrams", main: sockDatagrams, promised: true},
	{name: "sock_cancel", main: sockCancel, promised: true},
	{name: "sendfile", main: sendFile, promised: true},
	{name: "sendfile_close", main: sendFileClose, promised: true},
}

func sockEcho(ctx context.Context, p *printer) error {
	l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
	if err != nil {
		return err
	}
	port := l.Port()
	t := task(ctx, func(ctx context.Context) error {
		conn, err := l.Accept(ctx)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		total, buf := 0, make([]byte, 64<<10)
		for err == nil {
			var n int
			n, err = conn.Receive(ctx, buf)
			total += n
		}
		if err != io.EOF {
			return err
		}
		return conn.Send(ctx, fmt.Append(nil, total))
	})
	client, err := socket.DialTCP(ctx, "127.0.0.1", port)
	if err != nil {
		return err
	}
	err = errors.Join(client.Send(ctx, bytes.Repeat([]byte("x"), 3_000_000)), client.SendEOF(ctx))
	buf, rest := make([]byte, 3), make([]byte, 100)
	n, err1 := client.Receive(ctx, buf)
	m, err2 := client.Receive(ctx, rest)
	_, atEnd := client.Receive(ctx, make([]byte, 100))
	p.print(n, buf, rest[:m], got(nil, atEnd))
	_, err3 := t.Await(ctx)
	if err := errors.Join(err, err1, err2, err3, client.Close(ctx), l.Close(ctx)); err != nil {
		return err
	}
	if _, err := socket.DialTCP(ctx, "127.0.0.1", port); errors.Is(err, syscall.ECONNREFUSED) {
		p.print("refused")
	}
	return nil
}

func sockDatagrams(ctx context.Context, p *printer) error {
	var socks [2]*socket.UDPSocket
	var addrs [2]netip.AddrPort
	for i := range socks {
		s, err := socket.ListenUDP(ctx, "127.0.0.1", 0)
		if err != nil {
			return err
		}
		defer s.Close(ctx)
		socks[i], addrs[i] = s, s.LocalAddr().(*net.UDPAddr).AddrPort()
	}
	a, b := socks[0], socks[1]
	buf := make([]byte, 100)
	err := a.SendTo(ctx, []byte("one"), addrs[1])
	p.print(len("one")) // a datagram is sent whole
	n, from, err1 := b.ReceiveFrom(ctx, buf)
	p.print(buf[:n], from == addrs[0])
	t := asyncio.CreateTask(ctx, func(ctx context.Context) ([]byte, error) {
		n, _, err := b.ReceiveFrom(ctx, buf[:2])
		return buf[:n], err
	})
	err = errors.Join(err, err1, yield(ctx, 1), a.SendTo(ctx, []byte("cut"), addrs[1]))
	cut, err1 := t.Await(ctx)
	p.print(cut)
	err = errors.Join(err, err1, a.SendTo(ctx, []byte("into"), addrs[1]))
	n, from, err1 = b.ReceiveFrom(ctx, buf[:10])
	p.print(n, buf[:n], from == addrs[0])
	return errors.Join(err, err1)
}

func sockCancel(ctx context.Context, p *printer) error {
	canceled := func(what string, f func(ctx context.Context) error) error {
		t := task(ctx, f)
		err := yield(ctx, 2)
		t.Cancel("")
		if _, failed := t.Await(ctx); isCanceled(failed) {
			p.print(what, "canceled")
		}
		return err
	}
	l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
	if err != nil {
		return err
	}
	defer l.Close(ctx)
	b, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
	if err != nil {
		return err
	}
	defer b.Close(ctx)
	a, err := l.Accept(ctx)
	if err != nil {
		return err
	}
	defer a.Close(ctx)
	buf := make([]byte, 10)
	receive := func(ctx context.Context) error { _, err := a.Receive(ctx, buf); return err }
	err = errors.Join(canceled("recv", receive), canceled("recv_into", receive), b.Send(ctx, []byte("data")))
	n, err1 := a.Receive(ctx, buf)
	p.print(buf[:n])
	err = errors.Join(err, err1,
		canceled("sendall", func(ctx context.Context) error { return a.Send(ctx, make([]byte, 30_000_000)) }),
		canceled("accept", func(ctx context.Context) error { _, err := l.Accept(ctx); return err }))
	client, err1 := socket.DialTCP(ctx, "127.0.0.1", l.Port())
	if err := errors.Join(err, err1); err != nil {
		return err
	}
	conn, err := l.Accept(ctx)
	if err != nil {
		return err
	}
	p.print("accepted", conn.RemoteAddr().String() == client.LocalAddr().String())
	return errors.Join(client.Close(ctx), conn.Close(ctx))
}

// receiver serves one connection at a time by f.
func receiver(ctx context.Context, f asyncio.StreamHandler) (*asyncio.Server, error) {
	return asyncio.StartServer(ctx, f, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}}, 0)
}

func sendFile(ctx context.Context, p *printer) error {
	var received *asyncio.Future[[]byte]
	s, err := receiver(ctx, func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
		defer w.Close()
		all, err := r.ReadAll(ctx)
		_ = received.SetResult(all)
		return err
	})
	if err != nil {
		return err
	}
	defer s.Close()
	file := bytes.NewReader(bytes.Repeat([]byte("0123456789"), 30_000))
	// Zero stands for all here, so that another count is refused than in Python.
	for _, c := range [][2]int64{{0, 0}, {5, 10}, {299_995, 100}, {0, -1}} {
		received = asyncio.NewFuture[[]byte](ctx)
		_, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)}, 0)
		if err != nil {
			return err
		}
		_, _ = w.Write([]byte("before "))
		if n, err := loopIn(ctx).SendFile(ctx, w.Transport(), file, c[0], c[1]); err == nil {
			p.print("sent", n, "position", c[0]+n)
		} else if isMisuse(err) {
			p.print("refused")
		}
		_, _ = w.Write([]byte(" after"))
		w.Close()
		all, err := received.Await(ctx)
		if err != nil {
			return err
		}
		p.print(len(all), all[:min(17, len(all))], all[len(all)-11:])
		if _, err := loopIn(ctx).SendFile(ctx, w.Transport(), file, 0, 0); err != nil {
			p.print("refused when closing")
		}
	}
	return nil
}

// zeros is a large file.
type zeros struct{ size int64 }

func (z zeros) ReadAt(p []byte, off int64) (int, error) {
	n := min(int64(len(p)), z.size-off)
	clear(p[:n])
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

func sendFileClose(ctx context.Context, p *printer) error {
	s, err := receiver(ctx, func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
		_, err := r.ReadExactly(ctx, 10)
		w.Transport().Abort()
		return err
	})
	if err != nil {
		return err
	}
	defer s.Close()
	_, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)}, 0)
	if err != nil {
		return err
	}
	defer w.Close()
	n, err := loopIn(ctx).SendFile(ctx, w.Transport(), zeros{200_000_000}, 0, 0)
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		p.print("connection error", 0 < n && n < 200_000_000)
	}
	return nil
}
