package kernel

import "strings"

// SocketOps are what a task waits for at one kind of socket: the same on every
// backend.
type SocketOps struct{ Dial, Read, Write, Accept Op }

// NewSocketOps makes the names of a kind.
//
//go:norace
func NewSocketOps(kind string) *SocketOps {
	return &SocketOps{
		Dial:   RegisterOp(kind + ".Dial"),
		Read:   RegisterOp(kind + ".Read"),
		Write:  RegisterOp(kind + ".Write"),
		Accept: RegisterOp(kind + ".Accept"),
	}
}

var (
	TCPOps  = NewSocketOps("TCP")
	UDPOps  = NewSocketOps("UDP")
	UNIXOps = NewSocketOps("UNIX") // of streams and datagrams

	OpLookup       = RegisterOp("Lookup")
	OpWaitReadable = RegisterOp("WaitReadable")
	OpWaitWritable = RegisterOp("WaitWritable")
)

// OpsOfNetwork are those of a network by the name that package net gives it.
//
//go:norace
func OpsOfNetwork(network string) *SocketOps {
	switch {
	case strings.HasPrefix(network, "unix"):
		return UNIXOps
	case strings.HasPrefix(network, "udp"):
		return UDPOps
	}
	return TCPOps
}
