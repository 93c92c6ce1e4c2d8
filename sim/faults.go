package sim

import "net/netip"

// Partition cuts the link between two hosts: what is sent, and what is on its way,
// is thrown away until Heal.
func (n *Network) Partition(a, b string) { n.n.Partition(a, b, false) }

// PartitionOneWay cuts one direction.
func (n *Network) PartitionOneWay(from, to string) { n.n.Partition(from, to, true) }

// Isolate partitions a host from all others that exist.
func (n *Network) Isolate(host string) { n.n.Isolate(host) }

// Heal ends a partition. TCP connections go on when the next repetition is due.
func (n *Network) Heal(a, b string) { n.n.Heal(a, b, false) }

// HealOneWay mends one direction.
func (n *Network) HealOneWay(from, to string) { n.n.Heal(from, to, true) }

// HealAll ends all partitions.
func (n *Network) HealAll() { n.n.HealAll() }

// Hold keeps what is sent between two hosts until Release or Drop.
func (n *Network) Hold(a, b string) { n.n.Hold(a, b, false) }

// HoldOneWay keeps what is sent in one direction.
func (n *Network) HoldOneWay(from, to string) { n.n.Hold(from, to, true) }

// Release ends Hold: what was kept is sent on its way now, in order.
func (n *Network) Release(a, b string) { n.n.Release(a, b, false) }

// ReleaseOneWay ends HoldOneWay.
func (n *Network) ReleaseOneWay(from, to string) { n.n.Release(from, to, true) }

// Drop throws away the packets between two hosts that are held or on their way,
// and counts them.
func (n *Network) Drop(a, b string) int { return n.n.Drop(a, b, false) }

// DropOneWay is like Drop but for one direction.
func (n *Network) DropOneWay(from, to string) int { return n.n.Drop(from, to, true) }

// Reset breaks the TCP connections between two hosts and counts them. Both sides
// find them reset (ECONNRESET) at once, also during a partition.
func (n *Network) Reset(a, b string) int { return n.n.Reset(a, b) }

// ResetConn breaks the TCP connections with a socket at an address, such as that
// of a client, and counts them.
func (n *Network) ResetConn(addr netip.AddrPort) int { return n.n.ResetConn(addr) }
