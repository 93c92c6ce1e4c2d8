//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package eventloop

import "github.com/anyio-go/anyio/internal/netconn"

// A network is the socket layer where the poller knows of no descriptors: package
// net, whose calls are made on other goroutines.
type network struct{ netconn.Network }

func newNetwork(*Backend) *network { return &network{} }

// join has nothing to do, as the sockets need no loop.
func (n *network) join(*network) {}

// attend and end have nothing to do: no call is handed over to the loop, and the
// sockets need no loop.
func (*network) attend() {}
func (*network) end()    {}
