package anyiotest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// FreePorts finds ports that nobody uses, never the same one twice. It may be
// used by several goroutines.
//
// A port is free when it was looked at; another process may take it afterwards.
// Where a test can, it listens on port 0 instead.
type FreePorts struct {
	network string
	bind    func(network string, port int) (io.Closer, int, error) // bindLoopback, but in tests
	mu      sync.Mutex
	given   map[int]bool // guarded by mu
}

// NewFreePorts makes a factory for "tcp" or "udp" ports that are free on the IPv4
// and the IPv6 loopback address, as far as the machine has both; or, with "tcp4",
// "tcp6", "udp4" or "udp6", on one of them.
func NewFreePorts(network string) *FreePorts {
	return &FreePorts{network: network, bind: bindLoopback, given: make(map[int]bool)}
}

// Network returns what the factory was made for.
func (p *FreePorts) Network() string { return p.network }

// Next returns another free port. It fails for an unknown network, for a family that
// the machine lacks, and if no port is left.
func (p *FreePorts) Next() (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	families, err := p.families()
	if len(families) > 0 {
		for range 1000 {
			var port int
			if port, err = p.freePort(families); err == nil && !p.given[port] {
				p.given[port] = true
				return port, nil
			}
		}
	}
	if err == nil {
		err = errors.New("all that were found were given before")
	}
	return 0, fmt.Errorf("anyiotest: no free %s port: %w", p.network, err)
}

// families are the networks to look at: those of the two that work here.
func (p *FreePorts) families() ([]string, error) {
	all := []string{p.network}
	if p.network == "tcp" || p.network == "udp" {
		all = []string{p.network + "4", p.network + "6"}
	}
	var usable []string
	var failed error
	for _, network := range all {
		if _, err := p.freePort([]string{network}); err != nil {
			failed = err
		} else {
			usable = append(usable, network)
		}
	}
	return usable, failed
}

// freePort lets the system choose a port of the first network and binds it in the
// others, too.
func (p *FreePorts) freePort(networks []string) (int, error) {
	port := 0
	for _, network := range networks {
		c, got, err := p.bind(network, port)
		if err != nil {
			return 0, err
		}
		defer c.Close()
		port = got
	}
	return port, nil
}

// bindLoopback listens on a port of the loopback address; 0 is any.
func bindLoopback(network string, port int) (io.Closer, int, error) {
	host := "127.0.0.1"
	if strings.HasSuffix(network, "6") {
		host = "::1"
	}
	address := net.JoinHostPort(host, strconv.Itoa(port))
	if strings.HasPrefix(network, "udp") {
		c, err := net.ListenPacket(network, address)
		if err != nil {
			return nil, 0, err
		}
		return c, c.LocalAddr().(*net.UDPAddr).Port, nil
	}
	if !strings.HasPrefix(network, "tcp") {
		return nil, 0, net.UnknownNetworkError(network)
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, 0, err
	}
	return l, l.Addr().(*net.TCPAddr).Port, nil
}

// The factories of the process, so that no test gets another one's port.
var freeTCP, freeUDP = NewFreePorts("tcp"), NewFreePorts("udp")

// FreeTCPPort returns a TCP port that is free on the loopback addresses; no other call
// in this process gets it.
func FreeTCPPort(t testing.TB) int {
	t.Helper()
	return mustPort(t, freeTCP)
}

// FreeUDPPort is like FreeTCPPort but for UDP.
func FreeUDPPort(t testing.TB) int {
	t.Helper()
	return mustPort(t, freeUDP)
}

func mustPort(t testing.TB, p *FreePorts) int {
	t.Helper()
	port, err := p.Next()
	if err != nil {
		t.Fatal(err)
	}
	return port
}
