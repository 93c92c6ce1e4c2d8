//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import "github.com/anyio-go/anyio/internal/kernel"

// A kind is what sort of socket a descriptor is, named as in package net.
type kind string

const (
	kindTCP      kind = "tcp"
	kindUDP      kind = "udp"
	kindUnix     kind = "unix"
	kindUnixgram kind = "unixgram"
	kindOther    kind = "socket" // of another family
	kindFD       kind = "fd"     // anything of the user's
)

// ops name what a kind of socket waits for.
type ops struct{ read, write, accept kernel.Op }

func newOps(kind string) *ops {
	return &ops{
		read:   kernel.RegisterOp(kind + ".Read"),
		write:  kernel.RegisterOp(kind + ".Write"),
		accept: kernel.RegisterOp(kind + ".Accept"),
	}
}

var (
	tcpOps   = newOps("TCP")
	udpOps   = newOps("UDP")
	unixOps  = newOps("UNIX")
	otherOps = newOps("Socket")
	fdOps    = &ops{read: kernel.RegisterOp("WaitReadable"), write: kernel.RegisterOp("WaitWritable")}

	opDial = kernel.RegisterOp("Dial")
)

func (k kind) ops() *ops {
	switch k {
	case kindTCP:
		return tcpOps
	case kindUDP:
		return udpOps
	case kindUnix, kindUnixgram:
		return unixOps
	case kindFD:
		return fdOps
	}
	return otherOps
}
