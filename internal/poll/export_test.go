package poll

import "testing"

// NewPortable makes a Poller as it is on systems without epoll and kqueue.
func NewPortable() *Poller {
	p := &Poller{bed: newBed()}
	p.src = portable{p.bed}
	return p
}

// Parked reports whether the loop waits or is about to.
func (p *Poller) Parked() bool { return p.state.Load() >= parkedOnBed }

// Fd is the descriptor's number.
func (d *Desc) Fd() int { return d.fd }

// Modes are the ways in which a Poller waits. Each makes one that has nothing
// to report.
var Modes = map[string]func(testing.TB) *Poller{
	"channel": func(t testing.TB) *Poller {
		p, err := New()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		return p
	},
	"portable": func(t testing.TB) *Poller {
		p := NewPortable()
		if _, err := p.Register(1, "quiet"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		return p
	},
}
