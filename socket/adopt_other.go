//go:build !unix

package socket

import (
	"errors"
	"fmt"
)

// check refuses: what a descriptor refers to cannot be told here.
func (w wanted) check(uintptr) error {
	return fmt.Errorf("socket: %s: sockets from outside cannot be taken over on this system, see FromConn: %w", w.function, errors.ErrUnsupported)
}

func dupFD(uintptr) (uintptr, error) { return 0, errors.ErrUnsupported }
