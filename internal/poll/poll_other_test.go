//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package poll_test

import (
	"testing"

	"github.com/anyio-go/anyio/internal/poll"
)

// register adds a descriptor that has nothing to report.
func register(t testing.TB, p *poll.Poller, data any) *poll.Desc {
	t.Helper()
	d, err := p.Register(1, data)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
