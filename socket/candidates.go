package socket

import (
	"errors"
	"net"
	"net/netip"
)

// candidates are addresses that were not tried yet. IPv6 and IPv4 take turns, IPv6
// first; each in the order of the resolver.
type candidates struct {
	v6, v4 []netip.Addr
	turn   AddressFamily // the family that was taken last
}

func (q *candidates) add(ips []netip.Addr) {
	for _, ip := range ips {
		if familyOfIP(ip) == IPv6 {
			q.v6 = append(q.v6, ip)
		} else {
			q.v4 = append(q.v4, ip)
		}
	}
}

func (q *candidates) empty() bool { return len(q.v6)+len(q.v4) == 0 }

// take removes the next address; there must be one.
func (q *candidates) take() (ip netip.Addr) {
	from := &q.v6
	if len(q.v6) == 0 || q.turn == IPv6 && len(q.v4) > 0 {
		from = &q.v4
	}
	ip, *from = (*from)[0], (*from)[1:]
	q.turn = familyOfIP(ip)
	return ip
}

// lookupError is the error when no family had an address: that of the resolver that
// tells the most. "No such host" tells the least, as a host may just not have
// addresses of one family.
func (r *race) lookupError() error {
	best := r.lookups[len(r.lookups)-1].err
	for _, l := range r.lookups {
		var dns *net.DNSError
		if errors.As(l.err, &dns) && !dns.IsNotFound {
			return l.err
		}
		if old := (*net.DNSError)(nil); dns != nil && !errors.As(best, &old) {
			best = l.err
		}
	}
	return best
}
