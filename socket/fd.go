package socket

import (
	"runtime"
	"syscall"
)

// fdOf is the descriptor of something. It stays open only as long as the thing does.
func fdOf(function string, obj any) (uintptr, error) {
	switch x := obj.(type) {
	case int:
		if x >= 0 {
			return uintptr(x), nil
		}
		return 0, misuse("%s: %d is not a descriptor", function, x)
	case uintptr:
		return x, nil
	case syscall.Conn: // preferred: asking an os.File for its Fd may change the file
		raw, err := x.SyscallConn()
		if err != nil {
			return 0, err
		}
		var fd uintptr
		err = raw.Control(func(f uintptr) { fd = f })
		return fd, err
	case interface{ Fd() uintptr }:
		return x.Fd(), nil
	}
	return 0, misuse("%s: expected a descriptor or something with SyscallConn or Fd, got %T", function, obj)
}

// keepAlive keeps what descriptors were taken from from being collected, and closed.
func keepAlive(files any) { runtime.KeepAlive(files) }
