//go:build unix

package outcome_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

var serverConfig = sync.OnceValue(func() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
})

// tls is a connection over a pipe.
func (b *bench) tls() (c, s *tlsstream.Stream) {
	a, z := stream.Pipe(1 << 16)
	b.check(anyio.WithTaskGroup(b.ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) (err error) {
			c, err = tlsstream.Client(ctx, a, &tls.Config{InsecureSkipVerify: true}, nil)
			return err
		})
		tg.Go(func(ctx context.Context) (err error) {
			s, err = tlsstream.Server(ctx, z, serverConfig(), nil)
			return err
		})
		return nil
	}))
	return c, s
}

func (b *bench) tlsListener() *tlsstream.Listener {
	return must[*tlsstream.Listener](b)(tlsstream.NewListener(b.listener(), serverConfig(), nil))
}

var tlsKinds = []kind{
	{name: "TLS receive", want: anyio.ErrClosed, few: true, make: func(b *bench) wait {
		c, s := b.tls()
		return receiving(c, closing(c, s), nil)
	}},
	{name: "TLS send", want: anyio.ErrClosed, few: true, make: func(b *bench) wait {
		c, s := b.tls()
		return sending(c, closing(c, s), nil)
	}},
	{name: "TLS handshake", want: anyio.ErrClosed, make: func(b *bench) wait {
		a, z := stream.Pipe(1 << 16)
		return waiting(func(ctx context.Context) error { _, err := tlsstream.Server(ctx, a, serverConfig(), nil); return err }, closing(a, z), nil)
	}},
	{name: "TLS accept", want: anyio.ErrClosed, make: func(b *bench) wait { return accepting(b.tlsListener()) }},
	{name: "TLS serve", want: anyio.ErrClosed, make: func(b *bench) wait { return serving(b.tlsListener()) }},
}

// outside are bridges to what is no stream of ours.
var outside = []kind{
	{name: "NetConn.Read", want: anyio.ErrClosed, make: func(b *bench) wait {
		a, z := stream.Pipe(10)
		var c net.Conn
		return waiting(func(ctx context.Context) error {
			c = stream.NetConn(ctx, a)
			_, err := c.Read(make([]byte, 10))
			return err
		}, func(ctx context.Context) {
			_ = c.Close()
			_ = z.Close(ctx)
		}, nil)
	}},
	{name: "NetConn.Write", want: anyio.ErrClosed, make: func(b *bench) wait {
		a, z := stream.Pipe(10)
		var c net.Conn
		return waiting(func(ctx context.Context) error {
			c = stream.NetConn(ctx, a)
			_, err := c.Write(lots)
			return err
		}, func(ctx context.Context) {
			_ = c.Close()
			_ = z.Close(ctx)
		}, nil)
	}},
	{name: "NetListener.Accept", want: anyio.ErrClosed, make: func(b *bench) wait {
		var l net.Listener
		inner := b.listener()
		return waiting(func(ctx context.Context) error {
			l = stream.NetListener(ctx, inner)
			_, err := l.Accept()
			return err
		}, func(ctx context.Context) { _ = l.Close() }, nil)
	}},
	{name: "ChanReceiveStream.Receive", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		s := stream.FromChan(make(chan int))
		return waiting(func(ctx context.Context) error { return does(s.Receive(ctx)) }, func(ctx context.Context) { _ = s.Close(ctx) }, nil)
	}},
	{name: "ChanReceiveStream.Receive, the channel closed", want: anyio.ErrEndOfStream, only: real, unended: true, make: func(b *bench) wait {
		ch := make(chan int)
		s := stream.FromChan(ch)
		// That a channel was closed shows when its goroutine runs.
		return waiting(func(ctx context.Context) error { return does(s.Receive(ctx)) }, func(ctx context.Context) { close(ch) }, nil)
	}},
	{name: "ChanReceiveStream.All", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		s := stream.FromChan(make(chan int))
		return waiting(func(ctx context.Context) (err error) {
			for _, err = range s.All(ctx) {
			}
			return err
		}, func(ctx context.Context) { _ = s.Close(ctx) }, nil)
	}},
	{name: "Select of a channel", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		s := stream.FromChan(make(chan int))
		return waiting(func(ctx context.Context) error {
			return does(anyio.Select(ctx, anyio.OnReceive(s, nil), anyio.OnTimer(anyio.Forever)))
		}, func(ctx context.Context) { _ = s.Close(ctx) }, nil)
	}},
	{name: "ChanSendStream.Send", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		s := stream.ToChan(make(chan int))
		return waiting(func(ctx context.Context) error { return s.Send(ctx, 1) }, func(ctx context.Context) { _ = s.Close(ctx) }, nil)
	}},
	{name: "FromReader.Receive", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		r, w := io.Pipe()
		s := stream.FromReader(r)
		return receiving(s, func(ctx context.Context) {
			_ = w.Close() // the reader returns before its stream is closed
			_ = s.Close(ctx)
		}, nil)
	}, unended: true},
	{name: "FromReader.Receive, closed", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		r, w := io.Pipe()
		s := stream.FromReader(r)
		return receiving(s, closing(s), func(context.Context) { _ = w.Close() })
	}},
	{name: "FromWriter.Send", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		r, w := io.Pipe()
		s := stream.FromWriter(w)
		return sending(s, closing(s), func(context.Context) { _ = r.Close() })
	}},
	{name: "FromConn receive", want: anyio.ErrClosed, few: true, make: func(b *bench) wait {
		a, z := net.Pipe()
		s := socket.FromConn(a)
		return receiving(s, closing(s), func(context.Context) { _ = z.Close() })
	}},
	{name: "FromConn send", want: anyio.ErrClosed, few: true, make: func(b *bench) wait {
		a, z := net.Pipe()
		s := socket.FromConn(a)
		return waiting(func(ctx context.Context) error { return s.Send(ctx, []byte("some")) }, closing(s), func(context.Context) { _ = z.Close() })
	}},
	{name: "FromConn without deadlines receive", want: anyio.ErrClosed, few: true, make: func(b *bench) wait {
		a, z := net.Pipe()
		s := socket.FromConn(noDeadlines{a})
		return receiving(s, closing(s), func(context.Context) { _ = z.Close() })
	}},
	{name: "FromConn without deadlines send", want: anyio.ErrClosed, few: true, make: func(b *bench) wait {
		a, z := net.Pipe()
		s := socket.FromConn(noDeadlines{a})
		return waiting(func(ctx context.Context) error { return s.Send(ctx, []byte("some")) }, closing(s), func(context.Context) { _ = z.Close() })
	}},
	{name: "FromListener accept", want: anyio.ErrClosed, few: true, make: func(b *bench) wait {
		return accepting(socket.FromListener(must[net.Listener](b)(net.Listen("tcp", "127.0.0.1:0"))))
	}},
	{name: "signals", want: anyio.ErrClosed, make: func(b *bench) wait {
		r := must[*signals.Receiver](b)(signals.Open(b.ctx, syscall.SIGTERM))
		return waiting(func(ctx context.Context) error { _, err := r.Receive(ctx); return err }, closing(r), nil)
	}},
}

func (noDeadlines) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (noDeadlines) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (noDeadlines) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

func (b *bench) sleeper() *process.Process {
	return must[*process.Process](b)(process.Start(b.ctx, process.Command{Args: []string{"sleep", "3600"}}))
}

func (b *bench) fifo() string {
	name := b.path("fifo")
	b.check(syscall.Mkfifo(name, 0o600))
	return name
}

// ending kills a process.
func ending(p *process.Process) func(context.Context) {
	return func(ctx context.Context) {
		_ = p.Kill()
		_ = p.Close(ctx)
	}
}

// files are pipes, which the system can wait for.
var files = []kind{
	{name: "File.Read", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		r, w, err := os.Pipe()
		b.check(err)
		f := fileio.Wrap(r)
		return waiting(func(ctx context.Context) error { _, err := f.Read(ctx, make([]byte, 10)); return err }, closing(f), closing(fileio.Wrap(w)))
	}},
	{name: "File.ReadLine", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		r, w, err := os.Pipe()
		b.check(err)
		f := fileio.Wrap(r)
		return waiting(func(ctx context.Context) error { _, err := f.ReadLine(ctx); return err }, closing(f), closing(fileio.Wrap(w)))
	}},
	{name: "File.Read of a FIFO", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		name := b.fifo()
		f := must[*fileio.File](b)(fileio.OpenFile(b.ctx, name, os.O_RDWR, 0))
		return waiting(func(ctx context.Context) error { _, err := f.Read(ctx, make([]byte, 10)); return err }, closing(f),
			func(context.Context) { _ = os.Remove(name) })
	}},
	{name: "File.Write", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		r, w, err := os.Pipe()
		b.check(err)
		f := fileio.Wrap(w)
		return waiting(func(ctx context.Context) error { _, err := f.Write(ctx, lots); return err }, closing(f), closing(fileio.Wrap(r)))
	}},
	{name: "FileReadStream.Receive", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		r, w, err := os.Pipe()
		b.check(err)
		s := stream.NewFileReadStream(r)
		return waiting(func(ctx context.Context) error { _, err := s.Receive(ctx, make([]byte, 10)); return err }, closing(s), closing(fileio.Wrap(w)))
	}},
	{name: "FileWriteStream.Send", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		r, w, err := os.Pipe()
		b.check(err)
		s := stream.NewFileWriteStream(w)
		return waiting(func(ctx context.Context) error { return s.Send(ctx, lots) }, closing(s), closing(fileio.Wrap(r)))
	}},
	{name: "FileWriteStream.SendCounted", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		r, w, err := os.Pipe()
		b.check(err)
		s := stream.NewFileWriteStream(w)
		return waiting(func(ctx context.Context) error { _, err := s.SendCounted(ctx, lots); return err }, closing(s), closing(fileio.Wrap(r)))
	}},
	{name: "Process.Stdout", want: anyio.ErrClosed, only: real, few: true, make: func(b *bench) wait {
		p := b.sleeper()
		return receiving(p.Stdout, closing(p.Stdout), ending(p))
	}},
	{name: "Process.Stdin", want: anyio.ErrClosed, only: real, few: true, make: func(b *bench) wait {
		p := b.sleeper()
		return sending(p.Stdin, closing(p.Stdin), ending(p))
	}},
	{name: "Process.Wait", unended: true, only: real, few: true, make: func(b *bench) wait {
		p := b.sleeper()
		return waiting(func(ctx context.Context) error { _, err := p.Wait(ctx); return err }, func(context.Context) { _ = p.Kill() }, ending(p))
	}},
}
