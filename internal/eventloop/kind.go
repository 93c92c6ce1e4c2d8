//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import "github.com/anyio-go/anyio/internal/kernel"

// A kind is what sort of socket a descriptor is.
type kind struct {
	name string            // as in package net
	ops  *kernel.SocketOps // what a socket waits for
}

var (
	kindTCP      = &kind{"tcp", kernel.TCPOps}
	kindUDP      = &kind{"udp", kernel.UDPOps}
	kindUnix     = &kind{"unix", kernel.UNIXOps}
	kindUnixgram = &kind{"unixgram", kernel.UNIXOps}
	kindOther    = &kind{"socket", kernel.NewSocketOps("Socket")} // of another family
	// anything of the user's
	kindFD = &kind{"fd", &kernel.SocketOps{Read: kernel.OpWaitReadable, Write: kernel.OpWaitWritable}}
)
