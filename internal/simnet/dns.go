package simnet

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// An Answer is what the resolver says of a name.
type Answer struct {
	Addrs   []netip.Addr  // in this order; none: there is no such host
	Delay   time.Duration // before the answer comes
	Timeout bool          // the answer is that no server has answered
	Err     string        // another failure, a temporary one: "server misbehaving"
	CNAME   string        // the name that it stands for; "" is itself
}

// DNS sets what the resolver says of a name, for "ip", "ip4" and "ip6" each time
// anew; nil goes back to what the hosts' names say.
func (n *Net) DNS(name string, answer func(family string) Answer) {
	n.lock()
	defer n.unlock()
	if answer == nil {
		delete(n.names, name)
	} else {
		n.names[name] = answer
	}
}

const errNoSuchHost = "no such host"

func notFound(name string) error {
	return &net.DNSError{Err: errNoSuchHost, Name: name, IsNotFound: true}
}

// LookupHost finds what DNS has set, "localhost", and the names of hosts.
func (n *Net) LookupHost(ctx context.Context, family, host string) ([]netip.Addr, error) {
	p, err := enter(ctx)
	if err != nil {
		return nil, err
	}
	n.lock()
	_, err = n.here(ctx)
	rule, target := n.names[host], n.byName[host]
	n.unlock()
	if err != nil {
		return nil, &net.DNSError{Err: err.Error(), Name: host, IsTemporary: true, UnwrapErr: err}
	}
	var a Answer
	switch {
	case rule != nil:
		a = rule(family)
	case host == "localhost":
		a.Addrs = []netip.Addr{netip.IPv6Loopback(), netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	case target != nil:
		a.Addrs = target.addrs
	}
	if a.Delay > 0 {
		if err := p.Pause(a.Delay); err != nil {
			return nil, err
		}
	}
	switch {
	case a.Timeout:
		return nil, &net.DNSError{Err: "i/o timeout", Name: host, IsTimeout: true, IsTemporary: true}
	case a.Err != "":
		return nil, &net.DNSError{Err: a.Err, Name: host, IsTemporary: true}
	}
	var found []netip.Addr
	for _, addr := range a.Addrs {
		if addr = addr.Unmap(); family == "ip" || addr.Is4() == (family == "ip4") {
			found = append(found, addr)
		}
	}
	if len(found) == 0 {
		return nil, notFound(host)
	}
	return found, nil
}

// LookupCNAME says what DNS has set; other names are their own. It takes no time.
func (n *Net) LookupCNAME(ctx context.Context, host string) (string, error) {
	if _, err := enter(ctx); err != nil {
		return "", err
	}
	n.lock()
	rule := n.names[host]
	n.unlock()
	if rule != nil {
		if name := rule("ip").CNAME; name != "" {
			return name, nil
		}
	}
	return host, nil
}

// services are those that every system knows.
var services = map[string]int{
	"tcp/domain": 53, "tcp/ftp": 21, "tcp/http": 80, "tcp/https": 443, "tcp/imap": 143, "tcp/imaps": 993, "tcp/ldap": 389,
	"tcp/ldaps": 636, "tcp/mysql": 3306, "tcp/pop3": 110, "tcp/pop3s": 995, "tcp/postgresql": 5432, "tcp/smtp": 25, "tcp/ssh": 22,
	"tcp/submission": 587, "tcp/telnet": 23, "udp/bootps": 67, "udp/domain": 53, "udp/ntp": 123, "udp/snmp": 161, "udp/syslog": 514,
	"udp/tftp": 69, "udp/https": 443,
}

// LookupPort knows the usual services.
func (n *Net) LookupPort(ctx context.Context, network, service string) (int, error) {
	if _, err := enter(ctx); err != nil {
		return 0, err
	}
	if len(network) > 3 {
		network = network[:3]
	}
	if port, ok := services[network+"/"+service]; ok {
		return port, nil
	}
	return 0, &net.DNSError{Err: "unknown port", Name: network + "/" + service, IsNotFound: true}
}

// LookupAddr knows the names of hosts.
func (n *Net) LookupAddr(ctx context.Context, addr netip.Addr) ([]string, error) {
	if _, err := enter(ctx); err != nil {
		return nil, err
	}
	n.lock()
	defer n.unlock()
	addr = addr.Unmap()
	if addr.IsLoopback() {
		return []string{"localhost"}, nil
	}
	if h := n.owner(addr); h != nil {
		return []string{h.name}, nil
	}
	return nil, notFound(addr.String())
}
