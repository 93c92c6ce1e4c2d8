package simnet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/sim"
)

func unixOptions(local, remote string) kernel.SocketOptions {
	return kernel.SocketOptions{Network: "unix", Local: kernel.Addr{Path: local}, Remote: kernel.Addr{Path: remote}}
}

func unixgramOptions(local, remote string) kernel.SocketOptions {
	o := unixOptions(local, remote)
	o.Network = "unixgram"
	return o
}

func TestUnixSocketFiles(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		k := kernel.NetworkOf(ctx)
		dial := func(path string) error {
			c, err := k.DialStream(ctx, unixOptions("", path))
			if err == nil {
				err = c.Close()
			}
			return err
		}
		const path = "/run/db.sock"
		wantErr(t, "dial nothing", dial(path), syscall.ENOENT)
		l, err := k.ListenStream(ctx, unixOptions(path, ""))
		wantNil(t, "listen", err)
		wantNil(t, "dial", dial(path))
		_, err = k.ListenStream(ctx, unixOptions(path, ""))
		wantErr(t, "listen twice", err, syscall.EADDRINUSE)
		_, err = k.OpenPacket(ctx, unixgramOptions("", path))
		wantErr(t, "datagrams to a stream socket", err, syscall.EPROTOTYPE)
		wantNil(t, "chmod", k.Chmod(ctx, path, 0o400))
		wantErr(t, "dial without permission", dial(path), syscall.EACCES)
		wantNil(t, "chmod", k.Chmod(ctx, path, 0o700))
		wantNil(t, "dial", dial(path))
		// Each host has its own files.
		err = sim.RunOnHost(ctx, "other", func(ctx context.Context) error { return dial2(ctx, path) })
		wantErr(t, "dial on another host", err, syscall.ENOENT)
		wantNil(t, "close", l.Close())
		wantErr(t, "dial a stale file", dial(path), syscall.ECONNREFUSED)
		_, err = k.ListenStream(ctx, unixOptions(path, ""))
		wantErr(t, "listen at a stale file", err, syscall.EADDRINUSE)
		wantNil(t, "remove", k.RemoveSocketFile(ctx, path))
		wantNil(t, "remove again", k.RemoveSocketFile(ctx, path))
		wantErr(t, "dial", dial(path), syscall.ENOENT)
		wantErr(t, "chmod", k.Chmod(ctx, path, 0o700), syscall.ENOENT)
		_, err = k.ListenStream(ctx, unixOptions("/"+strings.Repeat("x", 107), ""))
		wantErr(t, "path too long", err, syscall.EINVAL)

		// Abstract names vanish with the socket.
		l, err = k.ListenStream(ctx, unixOptions("@name", ""))
		wantNil(t, "listen", err)
		wantNil(t, "dial", dial("\x00name"))
		wantNil(t, "close", l.Close())
		wantErr(t, "dial", dial("@name"), syscall.ECONNREFUSED)
		l, err = k.ListenStream(ctx, unixOptions("", ""))
		wantNil(t, "listen without a name", err)
		wantNil(t, "dial", dial(l.LocalAddr().Path))
		return l.Close()
	})
}

func dial2(ctx context.Context, path string) error {
	_, err := kernel.NetworkOf(ctx).DialStream(ctx, unixOptions("", path))
	return err
}

func TestUnixStreams(t *testing.T) {
	cfg := sim.Config{Seed: 1, Network: sim.NetworkConfig{SendBuffer: 10_000}}
	run(t, cfg, func(ctx context.Context, n *sim.Network) error {
		k := kernel.NetworkOf(ctx)
		o := unixOptions("/s", "")
		o.Backlog = 1
		l, err := k.ListenStream(ctx, o)
		if err != nil {
			return err
		}
		defer l.Close()
		pair := func() (a, b kernel.StreamConn) {
			a, err := k.DialStream(ctx, unixOptions("", "/s"))
			wantNil(t, "dial", err)
			b, err = l.Accept(ctx)
			wantNil(t, "accept", err)
			return a, b
		}
		a, b := pair()
		data := pattern(3, 100_000) // ten times the buffer
		wantNil(t, "transfer", both(ctx, a, b, data, data[:5000]))
		_, err = a.Write(ctx, []byte("x"))
		wantErr(t, "write after CloseWrite", err, syscall.EPIPE)
		_, _, err = a.ReadFDs(ctx, nil, nil)
		wantErr(t, "ReadFDs", err, errors.ErrUnsupported)
		wantErr(t, "WriteFDs", a.WriteFDs(ctx, nil, nil), errors.ErrUnsupported)
		wantNil(t, "close", errors.Join(a.Close(), b.Close()))
		wantNil(t, "close again", a.Close())

		a, b = pair()
		_, err = a.Write(ctx, []byte("unread"))
		wantNil(t, "write", err)
		_, err = b.Write(ctx, []byte("read"))
		wantNil(t, "write", err)
		wantNil(t, "close", b.Close())
		buf := make([]byte, 10)
		got, err := a.Read(ctx, buf)
		if string(buf[:got]) != "read" || err != nil {
			t.Errorf("read %q, %v", buf[:got], err)
		}
		_, err = a.Read(ctx, buf)
		wantErr(t, "read: the peer had not read everything", err, syscall.ECONNRESET)
		_, err = a.Read(ctx, buf)
		wantErr(t, "read", err, io.EOF)
		_, err = a.Write(ctx, buf)
		wantErr(t, "write", err, syscall.EPIPE)
		wantNil(t, "close", a.Close())

		for range 2 { // one more than the backlog
			c, err := k.DialStream(ctx, unixOptions("", "/s"))
			wantNil(t, "dial", err)
			defer c.Close()
		}
		_, err = k.DialStream(ctx, unixOptions("", "/s"))
		wantErr(t, "dial with a full backlog", err, syscall.EAGAIN)
		return nil
	})
}

func TestUnixDatagrams(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		k := kernel.NetworkOf(ctx)
		server, err := k.OpenPacket(ctx, unixgramOptions("/server", ""))
		wantNil(t, "open", err)
		client, err := k.OpenPacket(ctx, unixgramOptions("/client", "/server"))
		wantNil(t, "open", err)
		nameless, err := k.OpenPacket(ctx, unixgramOptions("", ""))
		wantNil(t, "open", err)
		wantErr(t, "write to nobody", nameless.WriteTo(ctx, nil, kernel.Addr{}), syscall.ENOTCONN)
		wantErr(t, "write to what is not there", nameless.WriteTo(ctx, nil, kernel.Addr{Path: "/x"}), syscall.ENOENT)
		wantErr(t, "write to a stranger's peer", nameless.WriteTo(ctx, nil, kernel.Addr{Path: "/client"}), syscall.EPERM)
		wantErr(t, "too much", client.WriteTo(ctx, make([]byte, 300_000), kernel.Addr{}), syscall.EMSGSIZE)
		wantNil(t, "write", nameless.WriteTo(ctx, []byte("anonymous"), kernel.Addr{Path: "/server"}))
		buf := make([]byte, 100)
		got, from, err := server.ReadFrom(ctx, buf)
		if string(buf[:got]) != "anonymous" || from != (kernel.Addr{}) || err != nil {
			t.Errorf("read %q from %v, %v", buf[:got], from, err)
		}
		// Who sends faster than the other reads has to wait; nothing is lost.
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				for i := range 50 {
					if err := client.WriteTo(ctx, fmt.Append(nil, i), kernel.Addr{}); err != nil {
						return err
					}
				}
				return nil
			})
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			for i := range 50 {
				got, from, err := server.ReadFrom(ctx, buf)
				if string(buf[:got]) != fmt.Sprint(i) || from.Path != "/client" || err != nil {
					t.Errorf("read %q from %v, %v", buf[:got], from, err)
				}
			}
			return nil
		})
		wantNil(t, "fifty", err)
		// Closing wakes who reads, who sends, and who waits to be read.
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				for {
					if err := client.WriteTo(ctx, []byte("x"), kernel.Addr{}); err != nil {
						wantErr(t, "write", err, net.ErrClosed)
						return nil
					}
				}
			})
			tg.Go(func(ctx context.Context) error {
				_, _, err := nameless.ReadFrom(ctx, buf)
				wantErr(t, "read", err, net.ErrClosed)
				return nil
			})
			wantNil(t, "wait", anyio.WaitAllTasksBlocked(ctx))
			return errors.Join(client.Close(), nameless.Close())
		})
		wantNil(t, "closing", err)
		wantNil(t, "close", server.Close())
		_, err = k.OpenPacket(ctx, unixgramOptions("", "/server"))
		wantErr(t, "connect to a stale file", err, syscall.ECONNREFUSED)
		return nil
	})
}
