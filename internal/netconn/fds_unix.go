//go:build unix

package netconn

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/anyio-go/anyio/internal/interrupt"
	"github.com/anyio-go/anyio/internal/kernel"
)

const fdSize = 4 // of a descriptor in a control message

// ReadFDs reads data and the descriptors that came with it, which are closed on
// exec. What fds has no place for is closed.
func (s *Stream) ReadFDs(ctx context.Context, p []byte, fds []uintptr) (n, nfds int, err error) {
	c, ok := s.D.(*net.UnixConn)
	if !ok {
		return 0, 0, errors.ErrUnsupported
	}
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, 0, err
	}
	control := make([]byte, syscall.CmsgSpace(fdSize*len(fds)))
	m, err := interrupt.Receive(&s.Duplex, pl, s.Ops.Read, message{c, p, control}, message.read)
	if err != nil {
		n, err = s.HasRead(m.n, err)
		return n, 0, err
	}
	n = m.n
	nfds, err = TakeFDs(control[:m.ncontrol], m.flags, fds)
	return n, nfds, err
}

// A message is a call that moves data with control data.
type message struct {
	c          *net.UnixConn
	p, control []byte
}

// A received is what a message has brought.
type received struct{ n, ncontrol, flags int }

func (m message) read() (r received, done bool, err error) {
	r.n, r.ncontrol, r.flags, _, err = m.c.ReadMsgUnix(m.p, m.control)
	if errors.Is(err, io.EOF) { // which package net wraps here
		err = io.EOF
	}
	return r, r.n > 0, err
}

// write sends the control data along with the first byte.
func (m message) write() (n int, done bool, err error) {
	n, _, err = m.c.WriteMsgUnix(m.p, m.control, nil)
	if err == nil && n < len(m.p) {
		var more int
		more, err = m.c.Write(m.p[n:])
		n += more
	}
	return n, n == len(m.p), err
}

// TakeFDs gets the descriptors out of what recvmsg has given. It closes those that fds has
// no place for, as the padding of a message may hold one: then, and if the system has cut
// some off, the error is kernel.ErrDescriptorsCut.
func TakeFDs(control []byte, flags int, fds []uintptr) (n int, err error) {
	messages, err := syscall.ParseSocketControlMessage(control)
	if flags&syscall.MSG_CTRUNC != 0 && err == nil {
		err = kernel.ErrDescriptorsCut
	}
	for _, m := range messages {
		if m.Header.Level != syscall.SOL_SOCKET || m.Header.Type != syscall.SCM_RIGHTS {
			continue
		}
		got, bad := syscall.ParseUnixRights(&m)
		if bad != nil {
			err = bad
		}
		for _, fd := range got {
			if n < len(fds) {
				fds[n] = uintptr(fd)
				n++
			} else {
				_ = syscall.Close(fd)
				err = kernel.ErrDescriptorsCut
			}
		}
	}
	return n, err
}

// WriteFDs sends descriptors along with the first byte of p, then the rest of p.
func (s *Stream) WriteFDs(ctx context.Context, p []byte, fds []uintptr) error {
	c, ok := s.D.(*net.UnixConn)
	if !ok {
		return errors.ErrUnsupported
	}
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	ints := make([]int, len(fds))
	for i, fd := range fds {
		ints[i] = int(fd)
	}
	_, err = interrupt.Send(&s.Duplex, pl, s.Ops.Write, message{c, p, syscall.UnixRights(ints...)}, message.write)
	return err
}

// beyondNet reports whether package net does not offer a datagram socket: a UNIX one
// without an address, which can send only.
func beyondNet(o kernel.SocketOptions) bool {
	return o.Network == "unixgram" && o.Local.Path == "" && o.Remote == (kernel.Addr{})
}

func openUnixgram(kernel.SocketOptions) (kernel.PacketConn, error) {
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: "unixgram", Err: os.NewSyscallError("socket", err)}
	}
	f := os.NewFile(uintptr(fd), "unixgram")
	defer f.Close()
	c, err := net.FilePacketConn(f)
	if err != nil {
		return nil, err
	}
	return FromPacketConn(c), nil
}
