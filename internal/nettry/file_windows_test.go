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
	var dup syscall.Handle
	self, err := syscall.GetCurrentProcess()
	testkit.Must(t, err)
	err = syscall.DuplicateHandle(self, syscall.Handle(f.Fd()), self, &dup, 0, false, syscall.DUPLICATE_SAME_ACCESS)
	testkit.Must(t, errors.Join(err, f.Close()))
	x, err := n.TryFile(uintptr(dup), false)
	testkit.Must(t, err)
	b := testkit.NewBell()
	x.Watch(b)
	return x, b
}
