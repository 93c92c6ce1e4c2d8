package interrupt

import (
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/sysio"
)

// A try is one Read or Write of a Socket. That of Read is the socket's own, since idle
// connections read; while one is written to it has another.
type try struct {
	s        *Socket
	place    kernel.Place
	p        []byte        // nil if lender has it
	lender   kernel.Lender // of up to max bytes, for an attempt that finds something
	max      int
	n        int   // bytes that were moved
	errno    int32 // why the system has refused
	begun    bool  // the wait has begun
	canceled error // why it has not
	f        func(fd uintptr) (done bool)
}

// buffer is where to read to.
func (t *try) buffer() []byte {
	if t.lender == nil {
		return t.p
	}
	return t.lender.Take(t.max)
}

// wait begins the wait. What has come since the attempt ends it at once. It is not to be
// deep: an idle connection has a stack for the deepest call.
func (t *try) wait(side *Side, op kernel.Op, i kernel.Interrupter) bool {
	x := side.external.Load()
	if x == nil {
		x = side.make()
	}
	if t.canceled = x.Begin(t.place, op, i); t.canceled != nil {
		return false
	}
	if t.begun = true; side.closed.Load() {
		x.Close()
	}
	return true
}

// clear forgets what one call has left.
func (t *try) clear() { *t = try{s: t.s, f: t.f} }

func (t *try) putBack() {
	*t = try{f: t.f}
	writers.Put(t)
}

func newReader(s *Socket) *try {
	t := &try{s: s}
	t.f = func(fd uintptr) bool {
		for {
			n, errno := sysio.Recv(int(fd), t.buffer())
			switch errno {
			case 0:
				t.n = n
				return true
			case syscall.EINTR:
			case syscall.EAGAIN:
				if t.lender != nil {
					t.lender.Release()
				}
				return !t.begun && !t.wait(&t.s.Reading, t.s.Ops.Read, (*reading)(&t.s.Duplex))
			default:
				t.errno = int32(errno)
				return true
			}
		}
	}
	return t
}

var writers = quiet.NewPool(func() *try {
	t := &try{}
	t.f = func(fd uintptr) bool {
		for {
			n, errno := sysio.Send(int(fd), t.p[t.n:])
			switch errno {
			case 0:
				if t.n += n; t.n == len(t.p) {
					return true
				}
			case syscall.EINTR:
			case syscall.EAGAIN:
				return !t.begun && !t.wait(&t.s.Writing, t.s.Ops.Write, (*writing)(&t.s.Duplex))
			default:
				t.errno = int32(errno)
				return true
			}
		}
	}
	return t
})
