//go:build !unix

package ossignal

import (
	"os"

	"github.com/anyio-go/anyio/internal/kernel"
)

// KeepPipeErrors does nothing where there is no SIGPIPE.
func (Process) KeepPipeErrors() (restore func()) { return func() {} }

// End ends the process as the signal would.
func (Process) End(*kernel.Run, os.Signal, *kernel.Cause) { os.Exit(2) }
