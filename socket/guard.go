package socket

import (
	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/slots"
)

// A readGuard and a writeGuard are an anyio.ResourceGuard each, a sixth of its size.
type (
	readGuard  struct{ guard slots.Guard }
	writeGuard struct{ guard slots.Guard }
)

func (g *readGuard) Acquire() error  { return entered(&g.guard, "reading from") }
func (g *readGuard) Release()        { g.guard.Leave() }
func (g *writeGuard) Acquire() error { return entered(&g.guard, "writing to") }
func (g *writeGuard) Release()       { g.guard.Leave() }

func entered(g *slots.Guard, action string) error {
	if g.Enter() {
		return nil
	}
	return &anyio.BusyError{Action: action}
}
