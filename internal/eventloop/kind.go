//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import "github.com/anyio-go/anyio/internal/kernel"

// A kind is what sort of socket a descriptor is.
type kind struct {
	name                string    // as in package net
	read, write, accept kernel.Op // what a socket waits for
}

var (
	kindTCP      = newKind("tcp", "TCP")
	kindUDP      = newKind("udp", "UDP")
	kindUnix     = newKind("unix", "UNIX")
	kindUnixgram = &kind{"unixgram", kindUnix.read, kindUnix.write, kindUnix.accept}
	kindOther    = newKind("socket", "Socket") // of another family
	// anything of the user's
	kindFD = &kind{name: "fd", read: kernel.RegisterOp("WaitReadable"), write: kernel.RegisterOp("WaitWritable")}

	opDial = kernel.RegisterOp("Dial")
)

func newKind(name, op string) *kind {
	return &kind{
		name:   name,
		read:   kernel.RegisterOp(op + ".Read"),
		write:  kernel.RegisterOp(op + ".Write"),
		accept: kernel.RegisterOp(op + ".Accept"),
	}
}
