//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package eventloop

import "github.com/anyio-go/anyio/internal/kernel"

// A network is the socket layer where the poller knows of no descriptors.
type network struct{ kernel.NoNetwork }

func newNetwork(*Backend) *network { return &network{} }

// attend and end have nothing to do: no call is handed over to the loop.
func (*network) attend() {}
func (*network) end()    {}
