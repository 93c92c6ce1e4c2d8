package sysio_test

import (
	"bytes"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/sysio"
)

// A program may make the descriptor of a net.Conn blocking, by the File of it.
func TestBlockingDescriptorsAreNotWaitedFor(t *testing.T) {
	if race.Enabled {
		t.Skip("package syscall makes the calls then, and waits as package net does")
	}
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fds[0])
	defer syscall.Close(fds[1])
	buf := make([]byte, 100<<10) // more than goes round the scheduler
	for _, p := range [][]byte{buf, buf[:1]} {
		if n, errno := sysio.Recv(fds[0], p); errno != syscall.EAGAIN {
			t.Errorf("%d bytes, %v, of an empty socket", n, errno)
		}
	}
	sent := 0
	for {
		n, errno := sysio.Send(fds[0], buf)
		if errno == syscall.EAGAIN {
			break
		}
		if errno != 0 || n <= 0 {
			t.Fatalf("%d bytes, %v, after %d bytes", n, errno, sent)
		}
		sent += n
	}
	for got := 0; got < sent; {
		n, errno := sysio.Recv(fds[1], buf)
		if errno != 0 || n <= 0 {
			t.Fatalf("%d bytes, %v, after %d of %d bytes", n, errno, got, sent)
		}
		got += n
	}
}

func TestEndsOfASocket(t *testing.T) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fds[0])
	if n, errno := sysio.Send(fds[1], []byte("data")); n != 4 || errno != 0 {
		t.Errorf("sent %d bytes, %v", n, errno)
	}
	buf := make([]byte, 8)
	if n, errno := sysio.Recv(fds[0], buf); errno != 0 || !bytes.Equal(buf[:n], []byte("data")) {
		t.Errorf("received %q, %v", buf[:n], errno)
	}
	if err := syscall.Close(fds[1]); err != nil {
		t.Fatal(err)
	}
	if n, errno := sysio.Recv(fds[0], buf); n != 0 || errno != 0 {
		t.Errorf("%d bytes, %v, at the end", n, errno)
	}
	if _, errno := sysio.Send(fds[0], buf); errno != syscall.EPIPE {
		t.Errorf("%v, want EPIPE", errno)
	}
}
