//go:build !unix && !windows

package asyncio

import "errors"

func checkPipe(uintptr) error { return errors.ErrUnsupported }

func duplicateFD(uintptr) (uintptr, error) { return 0, errors.ErrUnsupported }
