//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package poll_test

import (
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkReady measures the time from a write of another goroutine, through
// Wait, Poll and read, to the answer.
func BenchmarkReady(b *testing.B) {
	p := newPoller(b)
	r, w := pipe(b)
	registerFd(b, p, r, "r")
	reports(b, p)
	goc, answerc := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(answerc)
		one := []byte{1}
		for range goc {
			unix.Write(w, one)
			answerc <- struct{}{}
		}
	}()
	buf := make([]byte, 8)
	got := false
	ready := func(any, bool, bool) {
		unix.Read(r, buf)
		got = true
	}
	b.ReportAllocs()
	for b.Loop() {
		goc <- struct{}{}
		for got = false; !got; {
			p.Wait(-1)
			p.Poll(ready)
		}
		<-answerc
	}
	close(goc)
	<-answerc
}

// BenchmarkRegister is a Register and an Unregister.
func BenchmarkRegister(b *testing.B) {
	p := newPoller(b)
	r, _ := pipe(b)
	b.ReportAllocs()
	for b.Loop() {
		d, err := p.Register(r, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := p.Unregister(d); err != nil {
			b.Fatal(err)
		}
	}
}
