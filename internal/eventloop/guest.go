package eventloop

import (
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/loop"
)

// A Guest is a Backend whose tasks run inside calls that a foreign loop makes.
type Guest struct {
	*Backend
	guest *loop.Guest
}

// NewGuest makes the backend of one run.
//
//go:norace
func NewGuest(h loop.Host) (*Guest, error) {
	b, err := New()
	if err != nil {
		return nil, err
	}
	return &Guest{b, b.AsGuest(h)}, nil
}

// Main waits for what the tasks wait for, and asks the host to call.
func (g *Guest) Main(t *kernel.Task) error { return g.guest.Main(t) }

var _ kernel.Backend = (*Guest)(nil)
