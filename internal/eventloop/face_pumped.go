//go:build anyio_pumped

package eventloop

import (
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/nettry"
)

// A face is the network that the loop has on systems whose poller knows of no
// descriptors. The build tag is for tests of it where there is a better one.
type face struct{ nettry.Network }

func (f *face) end() { f.End() }

// Network is the socket layer that is to be tested.
func (b *Backend) Network() kernel.Network { return &b.clock.face }
