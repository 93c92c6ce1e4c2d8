//go:build unix

package signals

import (
	"os"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
)

// KeepPipeErrors lets a write to a standard output whose reader is gone return EPIPE,
// until restore is called: package os lets SIGPIPE end the process unless somebody
// receives that signal. Simulations leave the process alone.
func KeepPipeErrors(r *kernel.Run) (restore func()) {
	if r.Virtual {
		return func() {}
	}
	return redirect(make(chan os.Signal, 1), []os.Signal{syscall.SIGPIPE}) // nobody looks
}
