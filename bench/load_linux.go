package main

import (
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// An epollLoad sends a request on each of its connections, and the next when the answer
// is there: all on one thread, which costs as little as a client can.
type epollLoad struct {
	epoll   int
	fds     []int
	got     []int // of the answer that comes, per connection
	left    []int // answers that are still wanted, per connection
	request []byte
	answer  int // its size
	buf     []byte
	events  []unix.EpollEvent
}

func newEpollLoad(request []byte, answer int) (*epollLoad, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return &epollLoad{
		epoll: ep, request: request, answer: answer,
		buf: make([]byte, 64<<10), events: make([]unix.EpollEvent, 256),
	}, os.NewSyscallError("epoll_create1", err)
}

// epollDialing connects n times.
func epollDialing(n int, request []byte, answer int) func(addr string) (load, error) {
	return func(addr string) (load, error) {
		to, err := socketAddress(addr)
		if err != nil {
			return nil, err
		}
		l, err := newEpollLoad(request, answer)
		if err != nil {
			return nil, err
		}
		l.got, l.left = make([]int, n), make([]int, n)
		for i := range n {
			fd, err := connected(to)
			if err == nil {
				l.fds = append(l.fds, fd)
				err = l.watch(fd, i)
			}
			if err != nil {
				l.close()
				return nil, err
			}
		}
		return l, nil
	}
}

func socketAddress(addr string) (*unix.SockaddrInet4, error) {
	a, err := net.ResolveTCPAddr("tcp4", addr)
	if err != nil {
		return nil, err
	}
	return &unix.SockaddrInet4{Port: a.Port, Addr: [4]byte(a.IP.To4())}, nil
}

// connected is a new connection, which does not block from now on.
func connected(to *unix.SockaddrInet4) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err = unix.Connect(fd, to); err == nil {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, os.NewSyscallError("connect", err)
	}
	return fd, nil
}

// watch lets events of fd tell i.
func (l *epollLoad) watch(fd, i int) error {
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd,
		&unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(i)}))
}

func (l *epollLoad) do(n int) error {
	busy := 0
	for i, fd := range l.fds {
		l.left[i] = part(n, i, len(l.fds))
		if l.left[i] == 0 {
			continue
		}
		busy++
		if err := l.send(fd); err != nil {
			return err
		}
	}
	return l.each(&busy, func(i int) error {
		fd := l.fds[i]
		for {
			n, err := l.receive(fd)
			if err != nil || n == 0 {
				return err
			}
			if l.got[i] += n; l.got[i] < l.answer {
				continue
			}
			if l.got[i] > l.answer {
				return fmt.Errorf("%d bytes where an answer has %d", l.got[i], l.answer)
			}
			l.got[i] = 0
			if l.left[i]--; l.left[i] == 0 {
				busy--
				return nil
			}
			return l.send(fd)
		}
	})
}

// each calls f with what events tell, as long as something is busy.
func (l *epollLoad) each(busy *int, f func(i int) error) error {
	for *busy > 0 {
		n, err := unix.EpollWait(l.epoll, l.events, -1)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return os.NewSyscallError("epoll_wait", err)
		}
		for _, e := range l.events[:n] {
			if err := f(int(e.Fd)); err != nil {
				return err
			}
		}
	}
	return nil
}

// send sends a request, which is small enough to go at once.
func (l *epollLoad) send(fd int) error {
	n, err := unix.Write(fd, l.request)
	if err == nil && n < len(l.request) {
		err = io.ErrShortWrite
	}
	return os.NewSyscallError("write", err)
}

// receive is 0 if nothing is there.
func (l *epollLoad) receive(fd int) (int, error) {
	n, err := unix.Read(fd, l.buf)
	switch {
	case err == unix.EAGAIN:
		return 0, nil
	case err != nil:
		return 0, os.NewSyscallError("read", err)
	case n == 0:
		return 0, io.ErrUnexpectedEOF
	}
	return n, nil
}

func (l *epollLoad) close() {
	for _, fd := range l.fds {
		_ = unix.Close(fd)
	}
	_ = unix.Close(l.epoll)
}

// An epollDialLoad connects for each operation, on some lanes at the same time.
type epollDialLoad struct {
	*epollLoad
	to *unix.SockaddrInet4
}

func redialEcho(addr string) (load, error) {
	to, err := socketAddress(addr)
	if err != nil {
		return nil, err
	}
	l, err := newEpollLoad(make([]byte, echoSize), echoSize)
	return &epollDialLoad{l, to}, err
}

func (l *epollDialLoad) do(n int) error {
	busy := 0
	start := func() error {
		fd, err := connected(l.to)
		if err != nil {
			return err
		}
		busy++
		n--
		// No port is left waiting.
		if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
			return err
		}
		if err := l.watch(fd, fd); err != nil {
			return err
		}
		return l.send(fd)
	}
	for range min(n, lanes) {
		if err := start(); err != nil {
			return err
		}
	}
	return l.each(&busy, func(fd int) error {
		// The answer is small enough to come in one piece.
		got, err := l.receive(fd)
		if err != nil || got == 0 {
			return err
		}
		busy--
		if err := unix.Close(fd); err != nil || n == 0 {
			return err
		}
		return start()
	})
}

// dialEcho has n connections that stay.
func dialEcho(n int) func(addr string) (load, error) {
	return epollDialing(n, make([]byte, echoSize), echoSize)
}

// dialRequests has n connections on which HTTP requests are made.
func dialRequests(n int) func(addr string) (load, error) {
	return func(addr string) (load, error) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		if _, err := io.WriteString(c, httpRequest); err != nil {
			return nil, err
		}
		size, err := answerSize(c)
		if err != nil {
			return nil, err
		}
		return epollDialing(n, []byte(httpRequest), size)(addr)
	}
}
