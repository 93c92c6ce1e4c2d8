package netconn

import (
	"errors"
	"net"
	"net/netip"
	"sync"

	"golang.org/x/sys/windows"
)

// readUDP receives a datagram, or what there is room for, which here is an error.
func readUDP(c *net.UDPConn, p []byte) (int, error) {
	n, err := c.Read(p)
	if errors.Is(err, windows.WSAEMSGSIZE) {
		return len(p), nil
	}
	return n, err
}

var wholeDatagrams = sync.Pool{New: func() any { return new([maxDatagram]byte) }}

// readUDPFrom receives a datagram whole, and returns what there is room for. If package net
// had no room it would not tell the sender.
func readUDPFrom(c *net.UDPConn, p []byte) (int, netip.AddrPort, error) {
	if len(p) >= maxDatagram {
		return c.ReadFromUDPAddrPort(p)
	}
	whole := wholeDatagrams.Get().(*[maxDatagram]byte)
	defer wholeDatagrams.Put(whole)
	n, from, err := c.ReadFromUDPAddrPort(whole[:])
	return copy(p, whole[:n]), from, err
}
