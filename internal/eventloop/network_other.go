//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package eventloop

import "github.com/anyio-go/anyio/internal/nettry"

// A network is the socket layer where the poller knows of no descriptors: package
// net, whose waits are goroutines.
type network struct{ nettry.Network }

func newNetwork(*Backend) *network { return &network{} }

// join has nothing to do: sockets need no loop, and those that are watched are closed at
// the end of the one whose callbacks they have.
func (n *network) join(*network) {}

// attend has nothing to do: no call is handed over to the loop.
func (*network) attend() {}

func (*network) pending() bool { return false }

func (n *network) end() { n.End() }
