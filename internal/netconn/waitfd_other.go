//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package netconn

import (
	"context"
	"errors"

	"github.com/anyio-go/anyio/internal/kernel"
)

// WaitFD is not possible on this system, whose descriptors are not told of ready
// ones by one call for all kinds.
func (Network) WaitFD(ctx context.Context, _ uintptr, _ bool) error {
	if _, err := kernel.Enter(ctx); err != nil {
		return err
	}
	return errors.ErrUnsupported
}

// NotifyClosing has nobody to wake.
func (Network) NotifyClosing(context.Context, uintptr) {}
