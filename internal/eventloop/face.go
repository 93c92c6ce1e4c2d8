//go:build !anyio_pumped

package eventloop

import "github.com/anyio-go/anyio/internal/kernel"

// A face is what the loop shows as its network in place of its own: nothing.
type face struct{}

func (face) end() {}

// Network is the socket layer: non-blocking descriptors in the loop's poller.
func (b *Backend) Network() kernel.Network { return b.network }
