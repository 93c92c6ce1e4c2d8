// Package unclosed warns of resources that were never closed.
package unclosed

import (
	"log/slog"
	"path"
	"runtime"
	"strconv"
)

// A Watch warns when what it watches is collected as garbage and was not closed.
type Watch struct{ cleanup runtime.Cleanup }

// New begins to watch p, which is called what and was made at pc.
func New[T any](p *T, what string, pc uintptr) *Watch {
	return &Watch{runtime.AddCleanup(p, func(pc uintptr) {
		defer func() { _ = recover() }() // of the log: nobody else could, and it would end the process
		f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		slog.Warn("unclosed " + what + " created at " + path.Base(f.File) + ":" + strconv.Itoa(f.Line))
	}, pc)}
}

// Stop ends the watch. A nil watch has none to end.
func (w *Watch) Stop() {
	if w != nil {
		w.cleanup.Stop()
	}
}
