//go:build !unix

package signals

import "github.com/anyio-go/anyio/internal/kernel"

// KeepPipeErrors does nothing where there is no SIGPIPE.
func KeepPipeErrors(*kernel.Run) (restore func()) { return func() {} }
