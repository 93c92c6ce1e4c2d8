package main

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// bufferSize is the buffer of an echoing connection, bulkSize that of bulk data.
const (
	bufferSize = 4 << 10
	bulkSize   = 64 << 10
)

// serveTCP serves one handler on a loopback address, forever.
func serveTCP(handler func(ctx context.Context, s *socket.Stream) error) func(context.Context, func(string)) error {
	return serveBy(socket.ListenConfig{}, handler)
}

// serveShared does so with a socket for each event loop.
func serveShared(handler func(ctx context.Context, s *socket.Stream) error) func(context.Context, func(string)) error {
	return serveBy(socket.ListenConfig{ReusePort: true}, handler)
}

func serveBy(config socket.ListenConfig, handler func(ctx context.Context, s *socket.Stream) error) func(context.Context, func(string)) error {
	return func(ctx context.Context, ready func(string)) error {
		l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close(ctx)
		ready(l.Addr().String())
		return l.Serve(ctx, nil, handler)
	}
}

func serveNet(handler func(c net.Conn)) func(func(string)) error {
	return func(ready func(string)) error {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		ready(l.Addr().String())
		for {
			c, err := l.Accept()
			if err != nil {
				return err
			}
			go handler(c)
		}
	}
}

// closing is for handlers that leave the closing to others.
func closing(handler func(ctx context.Context, s *socket.Stream) error) func(ctx context.Context, s *socket.Stream) error {
	return func(ctx context.Context, s *socket.Stream) error {
		defer s.Close(ctx)
		return ignoreEnd(handler(ctx, s))
	}
}

func closingNet(handler func(c net.Conn) error) func(c net.Conn) {
	return func(c net.Conn) {
		defer c.Close()
		_ = handler(c) // the client goes away
	}
}

// ignoreEnd is for clients that go away.
func ignoreEnd(err error) error {
	if err == io.EOF || errors.Is(err, anyio.ErrBroken) {
		return nil
	}
	return err
}

// --- N1, N2, N5, N7: echo ---

func echo(size int) func(ctx context.Context, s stream.ByteStream) error {
	return func(ctx context.Context, s stream.ByteStream) error {
		buf := make([]byte, size)
		for {
			n, err := s.Receive(ctx, buf)
			if err != nil {
				return err
			}
			if err := s.Send(ctx, buf[:n]); err != nil {
				return err
			}
		}
	}
}

func echoTCP(size int) func(ctx context.Context, s *socket.Stream) error {
	return func(ctx context.Context, s *socket.Stream) error {
		defer s.Close(ctx)
		buf := make([]byte, size)
		for {
			n, err := s.Receive(ctx, buf)
			if err != nil {
				return ignoreEnd(err)
			}
			if err := s.Send(ctx, buf[:n]); err != nil {
				return ignoreEnd(err)
			}
		}
	}
}

func echoNet(size int) func(c net.Conn) {
	return func(c net.Conn) {
		defer c.Close()
		buf := make([]byte, size)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			if _, err := c.Write(buf[:n]); err != nil {
				return
			}
		}
	}
}

// echoBorrowed has a buffer only while there is data.
func echoBorrowed(ctx context.Context, s *socket.Stream) error {
	defer s.Close(ctx)
	var b stream.Borrowed
	for {
		data, err := s.ReceiveBorrowed(ctx, &b, bufferSize)
		if err != nil {
			return ignoreEnd(err)
		}
		if err := s.Send(ctx, data); err != nil {
			return ignoreEnd(err)
		}
	}
}

// --- N3: bulk ---

// sendBulk sends as many blocks as the client asks for.
func sendBulk(ctx context.Context, s *socket.Stream) error {
	block, ask := make([]byte, bulkSize), make([]byte, 8)
	for {
		if _, err := s.Receive(ctx, ask); err != nil {
			return err
		}
		for range binary.BigEndian.Uint64(ask) {
			if err := s.Send(ctx, block); err != nil {
				return err
			}
		}
	}
}

func sendBulkNet(c net.Conn) error {
	block, ask := make([]byte, bulkSize), make([]byte, 8)
	for {
		if _, err := c.Read(ask); err != nil {
			return err
		}
		for range binary.BigEndian.Uint64(ask) {
			if _, err := c.Write(block); err != nil {
				return err
			}
		}
	}
}

// receiveBulk reads blocks and says when it has read one more.
func receiveBulk(ctx context.Context, s *socket.Stream) error {
	buf := make([]byte, bulkSize)
	for total := 0; ; {
		n, err := s.Receive(ctx, buf)
		if err != nil {
			return err
		}
		for total += n; total >= bulkRound; total -= bulkRound {
			if err := s.Send(ctx, buf[:1]); err != nil {
				return err
			}
		}
	}
}

func receiveBulkNet(c net.Conn) error {
	buf := make([]byte, bulkSize)
	for total := 0; ; {
		n, err := c.Read(buf)
		if err != nil {
			return err
		}
		for total += n; total >= bulkRound; total -= bulkRound {
			if _, err := c.Write(buf[:1]); err != nil {
				return err
			}
		}
	}
}

// --- N6: reads under a deadline ---

func echoDeadline(ctx context.Context, s *socket.Stream) error {
	f := echoTCP(bufferSize)
	return anyio.FailAfter(ctx, time.Hour, func(ctx context.Context) error { return f(ctx, s) })
}

func echoDeadlineNet(c net.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	buf := make([]byte, bufferSize)
	for {
		stop := context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })
		n, err := c.Read(buf)
		if !stop() {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return err
		}
	}
}
