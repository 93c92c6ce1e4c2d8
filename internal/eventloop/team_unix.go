//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"errors"

	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/sys/unix"
)

var _ kernel.Teammate = (*network)(nil)

// Take implements kernel.Teammate. The poller of the other loop does not know the
// descriptor yet, as nobody has waited for it. But that loop may end meanwhile, and close
// the descriptor; it is not destroyed before release.
func (n *network) Take(c kernel.StreamConn) {
	conn, ok := c.(*conn)
	if !ok || conn.f.net == n || !conn.f.use() {
		return
	}
	f := conn.f
	defer f.release()
	f.net.delist(f)
	f.net = n
	if !n.enlist(f) { // the run is over
		f.close()
	}
}

// Share implements kernel.Teammate.
func (n *network) Share(l kernel.StreamListener) (kernel.StreamListener, error) {
	first, ok := l.(*listener)
	if !ok || first.f.kind != kindTCP || !portsAreShared {
		return nil, errors.ErrUnsupported
	}
	f := first.f
	if f.net == n {
		return l, nil
	}
	if !f.use() {
		return nil, errClosed
	}
	defer f.release()
	o := kernel.SocketOptions{Network: "tcp", Local: f.local(), Backlog: first.backlog, ReusePort: true}
	if f.family == unix.AF_INET6 {
		only, err := unix.GetsockoptInt(f.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
		if err != nil {
			return nil, err
		}
		o.V6Only = only != 0
	}
	share, err := n.listen(o, int(f.family))
	if err != nil {
		return nil, err
	}
	return newListener(share, o.Backlog), nil
}
