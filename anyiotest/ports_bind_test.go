package anyiotest

import (
	"errors"
	"io"
	"slices"
	"testing"
)

// A fakeNetwork is a machine that hands out the ports of a list in turn.
type fakeNetwork struct {
	ports []int
	taken map[string][]int // by others
	lacks string           // a network
	open  int
}

var (
	errTaken = errors.New("the port is taken")
	errLacks = errors.New("there is no such family")
)

func (n *fakeNetwork) bind(network string, port int) (io.Closer, int, error) {
	if network == n.lacks {
		return nil, 0, errLacks
	}
	for free := port == 0; free && (port == 0 || slices.Contains(n.taken[network], port)); {
		port, n.ports = n.ports[0], append(n.ports[1:], n.ports[0])
	}
	if slices.Contains(n.taken[network], port) {
		return nil, 0, errTaken
	}
	n.open++
	return n, port, nil
}

func (n *fakeNetwork) Close() error { n.open--; return nil }

// next calls Next until it fails.
func (n *fakeNetwork) next(t *testing.T) (ports []int, err error) {
	t.Helper()
	p := NewFreePorts("tcp")
	p.bind = n.bind
	for {
		port, err := p.Next()
		if n.open != 0 {
			t.Errorf("%d sockets are open after Next", n.open)
		}
		if err != nil {
			slices.Sort(ports)
			return ports, err
		}
		ports = append(ports, port)
	}
}

func TestFreePortsAreFreeInBothFamilies(t *testing.T) {
	n := &fakeNetwork{ports: []int{1, 2, 3, 4}, taken: map[string][]int{"tcp6": {2}}}
	got, err := n.next(t)
	if !slices.Equal(got, []int{1, 3, 4}) {
		t.Errorf("ports %v", got)
	}
	if err == nil {
		t.Error("no error when none was left")
	}
}

func TestFreePortsThatRepeatAreGivenOnce(t *testing.T) {
	n := &fakeNetwork{ports: []int{1, 1, 2, 1}}
	if got, err := n.next(t); !slices.Equal(got, []int{1, 2}) || errors.Is(err, errTaken) {
		t.Errorf("ports %v, %v", got, err)
	}
}

func TestFreePortsWithoutAFamily(t *testing.T) {
	for _, lacks := range []string{"tcp4", "tcp6"} {
		n := &fakeNetwork{ports: []int{1, 2, 3}, lacks: lacks}
		if got, err := n.next(t); !slices.Equal(got, []int{1, 2, 3}) || errors.Is(err, errTaken) {
			t.Errorf("without %s: ports %v, %v", lacks, got, err)
		}
	}
	p := NewFreePorts("tcp6")
	p.bind = (&fakeNetwork{lacks: "tcp6"}).bind
	if _, err := p.Next(); !errors.Is(err, errLacks) {
		t.Errorf("error %v", err)
	}
}
