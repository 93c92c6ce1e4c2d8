package stream

import (
	"log/slog"
	"path/filepath"
	"runtime"
	"strconv"
)

// A leak warns, in debug runs, when what it watches is collected as garbage and
// was not closed.
type leak struct{ cleanup runtime.Cleanup }

// reportUnclosed begins to watch p, which was made at pc.
func reportUnclosed[T any](p *T, what string, pc uintptr) *leak {
	return &leak{runtime.AddCleanup(p, func(pc uintptr) {
		f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		slog.Warn("unclosed " + what + " created at " + filepath.Base(f.File) + ":" + strconv.Itoa(f.Line))
	}, pc)}
}

// stop ends the watch.
func (l *leak) stop() {
	if l != nil {
		l.cleanup.Stop()
	}
}
