//go:build unix

package nettry_test

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/nettry"
	"github.com/anyio-go/anyio/internal/testkit"
)

// file is a TryFile of a duplicate, in favor of which f is closed.
func file(t *testing.T, n *nettry.Network, f *os.File) (kernel.TryFile, *testkit.Bell) {
	t.Helper()
	dup, err := syscall.Dup(int(f.Fd()))
	testkit.Must(t, errors.Join(err, f.Close()))
	x, err := n.TryFile(uintptr(dup), false)
	testkit.Must(t, err)
	b := testkit.NewBell()
	x.Watch(b)
	return x, b
}
