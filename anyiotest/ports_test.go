package anyiotest_test

import (
	"errors"
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
)

func TestFreePortsAreFreeAndNeverTheSame(t *testing.T) {
	listen := map[string]func(network, address string) (interface{ Close() error }, error){
		"tcp": func(network, address string) (interface{ Close() error }, error) { return net.Listen(network, address) },
		"udp": func(network, address string) (interface{ Close() error }, error) {
			return net.ListenPacket(network, address)
		},
	}
	_, err := anyiotest.NewFreePorts("tcp6").Next()
	hasIPv6 := err == nil
	for kind, next := range map[string]func(testing.TB) int{"tcp": anyiotest.FreeTCPPort, "udp": anyiotest.FreeUDPPort} {
		seen := make(map[int]bool)
		for range 20 {
			port := next(t)
			if seen[port] {
				t.Errorf("%s port %d was given twice", kind, port)
			}
			seen[port] = true
			for family, host := range map[string]string{"4": "127.0.0.1", "6": "::1"} {
				if family == "6" && !hasIPv6 {
					continue
				}
				c, err := listen[kind](kind+family, net.JoinHostPort(host, strconv.Itoa(port)))
				if err != nil {
					t.Errorf("%s port %d is not free: %v", kind, port, err)
					continue
				}
				c.Close()
			}
		}
	}
}

func TestFreePortsServeSeveralGoroutines(t *testing.T) {
	p := anyiotest.NewFreePorts("tcp4")
	if p.Network() != "tcp4" {
		t.Errorf("network %q", p.Network())
	}
	var mu sync.Mutex
	seen := make(map[int]bool)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 25 {
				port, err := p.Next()
				mu.Lock()
				if err != nil || seen[port] {
					t.Errorf("port %d (given before: %v), error %v", port, seen[port], err)
				}
				seen[port] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestFreePortsOfAnUnknownNetwork(t *testing.T) {
	for _, network := range []string{"", "sctp", "udp5"} {
		_, err := anyiotest.NewFreePorts(network).Next()
		if _, ok := errors.AsType[net.UnknownNetworkError](err); !ok {
			t.Errorf("%q: %v, want an unknown network", network, err)
		}
	}
}
