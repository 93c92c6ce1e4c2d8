package simnet

import (
	"context"
	"fmt"
	"net/netip"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// HostConfig is what a host may be told.
type HostConfig struct {
	// Addrs are its addresses; none: 10.x.x.x and fd00::x, the next ones.
	Addrs []netip.Addr
}

// A Host is one machine of the network.
type Host struct {
	net     *Net
	name    string
	index   int
	addrs   []netip.Addr
	off     bool // without power: answers nothing
	life    int  // how often it was killed or restarted: odd while it is dead
	ports   map[portKey][]*binding
	next    uint16               // ephemeral port to try first
	sockets waitq.Queue[endable] // all that are open
	files   map[string]*unixNode // UNIX sockets by path
	seats   waitq.Queue[*Seat]   // functions that run on it
	kills   line                 // seats that wait for Restart
}

// An endable is a socket as the host sees it that is killed.
type endable interface {
	// die ends the socket; silent: without a word to the other side.
	die(silent bool)
}

// A Seat is the stay of one function on a host. Calls made under it after the
// host was killed fail.
type Seat struct {
	Host *Host
	life int
	node waitq.Node[*Seat]
	stop func(reason string) // cancels the function
}

type seatKey struct{}

// AddHost makes a host. A name that is taken, or an address that is, is misuse.
func (n *Net) AddHost(name string, cfg HostConfig) (*Host, error) {
	n.lock()
	defer n.unlock()
	if name == "" || n.byName[name] != nil {
		return nil, kernel.Misuse(fmt.Sprintf("host %q: the name must be new and not empty", name))
	}
	for _, a := range cfg.Addrs {
		if h := n.owner(a.Unmap()); h != nil || !a.IsValid() || a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() {
			return nil, kernel.Misuse(fmt.Sprintf("host %q: the address %v must be a free unicast address", name, a))
		}
	}
	return n.addHost(name, cfg), nil
}

func (n *Net) addHost(name string, cfg HostConfig) *Host {
	i := len(n.hosts) + 1
	h := &Host{net: n, name: name, index: i, ports: make(map[portKey][]*binding), next: firstEphemeral,
		files: make(map[string]*unixNode)}
	for _, a := range cfg.Addrs {
		h.addrs = append(h.addrs, a.Unmap())
	}
	for k := i; len(h.addrs) == 0; k++ { // unless somebody asked for one of these
		v4 := netip.AddrFrom4([4]byte{10, byte(k >> 16), byte(k >> 8), byte(k)})
		v6 := netip.AddrFrom16([16]byte{0: 0xfd, 13: byte(k >> 16), 14: byte(k >> 8), 15: byte(k)})
		if n.owner(v4) == nil && n.owner(v6) == nil {
			h.addrs = []netip.Addr{v4, v6}
		}
	}
	n.hosts = append(n.hosts, h)
	n.byName[name] = h
	n.armPlan()
	return h
}

// owner is the host that has an address, nil if none has.
func (n *Net) owner(a netip.Addr) *Host {
	for _, h := range n.hosts {
		for _, own := range h.addrs {
			if own == a.WithZone("") {
				return h
			}
		}
	}
	return nil
}

// Lookup is the host with a name, made if there is none.
func (n *Net) Lookup(name string) (*Host, error) {
	n.lock()
	h := n.byName[name]
	n.unlock()
	if h != nil {
		return h, nil
	}
	return n.AddHost(name, HostConfig{})
}

// Name is the host's name.
func (h *Host) Name() string { return h.name }

// Addrs are the host's addresses.
func (h *Host) Addrs() []netip.Addr { return append([]netip.Addr(nil), h.addrs...) }

// Sit begins the stay of a function; its calls are made with Under's context.
func (h *Host) Sit() *Seat {
	h.net.lock()
	defer h.net.unlock()
	s := &Seat{Host: h, life: h.life}
	s.node.Value = s
	return s
}

// Under is a context whose calls are made on the host.
func (s *Seat) Under(ctx context.Context) context.Context {
	return context.WithValue(ctx, seatKey{}, s)
}

// Begin makes Kill call stop. If the host was killed already it does so at once.
func (s *Seat) Begin(stop func(reason string)) {
	n := s.Host.net
	n.lock()
	s.stop = stop
	dead := s.life != s.Host.life
	if !dead {
		s.Host.seats.Push(&s.node)
	}
	n.unlock()
	if dead {
		stop("the host was killed")
	}
}

// End ends the stay and reports whether the host was killed during it.
func (s *Seat) End() (killed bool) {
	n := s.Host.net
	n.lock()
	defer n.unlock()
	s.Host.seats.Remove(&s.node)
	return s.life != s.Host.life
}

var opDown = kernel.RegisterOp("sim.RunOnHost: the host was killed, nobody has restarted it")

// AwaitUp waits until the host is not killed, or restarted.
func (h *Host) AwaitUp(ctx context.Context) error {
	n := h.net
	n.lock()
	defer n.unlock()
	for h.dead() {
		if err := n.wait(kernel.Locate(ctx), &h.kills, opDown); err != nil {
			return err
		}
	}
	return nil
}

// dead reports whether the host was killed and not restarted.
func (h *Host) dead() bool { return h.life&1 != 0 }

// here is the host that a call is made on.
func (n *Net) here(ctx context.Context) (*Host, error) {
	if s, ok := ctx.Value(seatKey{}).(*Seat); ok && s.Host.net == n {
		if s.life != s.Host.life || s.Host.dead() {
			return s.Host, syscall.ENETDOWN
		}
		return s.Host, nil
	}
	h := n.hosts[0]
	if h.dead() {
		return h, syscall.ENETDOWN
	}
	return h, nil
}

// HostName is the name of the host that ctx belongs to.
func (n *Net) HostName(ctx context.Context) string {
	n.lock()
	defer n.unlock()
	h, _ := n.here(ctx)
	return h.name
}

// HostNameOf is HostName that may be asked at any time.
func (n *Net) HostNameOf(ctx context.Context) string {
	if s, ok := ctx.Value(seatKey{}).(*Seat); ok && s.Host.net == n {
		return s.Host.name
	}
	return localhost
}

// AddrsOf are the addresses of the host with a name.
func (n *Net) AddrsOf(name string) []netip.Addr {
	n.lock()
	defer n.unlock()
	return n.host(name).Addrs()
}
