//go:build unix

package netconn

import (
	"net"
	"net/netip"
)

// readUDP and readUDPFrom receive a datagram, or what there is room for.
func readUDP(c *net.UDPConn, p []byte) (int, error) { return c.Read(p) }

func readUDPFrom(c *net.UDPConn, p []byte) (int, netip.AddrPort, error) {
	return c.ReadFromUDPAddrPort(p)
}
