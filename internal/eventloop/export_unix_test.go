//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import "github.com/anyio-go/anyio/internal/kernel"

// TrustShortReads says whether the system tells all that a short read does not.
const TrustShortReads = trustShortReads

// ReadEdges is how often the loop was told that a connection is readable.
func ReadEdges(c kernel.StreamConn) uint64 { return c.(*conn).f.read.edges.Load() }
