package main

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
)

// counting is an echo server that counts bytes and connections.
func counting(t *testing.T) (addr string, bytes, conns *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	bytes, conns = new(atomic.Int64), new(atomic.Int64)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			go func() {
				defer c.Close()
				_, _ = io.Copy(writerFunc(func(p []byte) (int, error) {
					bytes.Add(int64(len(p)))
					return c.Write(p)
				}), onlyReader{c})
			}()
		}
	}()
	return l.Addr().String(), bytes, conns
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestTheClientMakesAsManyEchoesAsItIsTold(t *testing.T) {
	addr, bytes, conns := counting(t)
	l, err := dialEcho(7)(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	for _, n := range []int{1, 5, 100} {
		before := bytes.Load()
		if err := l.do(n); err != nil {
			t.Fatal(err)
		}
		if got := bytes.Load() - before; got != int64(n*echoSize) {
			t.Errorf("%d echoes were %d bytes, want %d", n, got, n*echoSize)
		}
	}
	if n := conns.Load(); n != 7 {
		t.Errorf("%d connections, want 7", n)
	}
}

func TestTheClientConnectsForEachEcho(t *testing.T) {
	addr, bytes, conns := counting(t)
	l, err := redialEcho(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	if err := l.do(50); err != nil {
		t.Fatal(err)
	}
	if c, b := conns.Load(), bytes.Load(); c != 50 || b != 50*echoSize {
		t.Errorf("%d connections and %d bytes, want 50 and %d", c, b, 50*echoSize)
	}
}

func TestTheClientSeesAServerThatHangsUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = io.ReadFull(c, make([]byte, echoSize))
			_ = c.Close()
		}
	}()
	c, err := dialEcho(1)(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := c.do(1); err == nil {
		t.Error("an echo that never came is no error")
	}
}
