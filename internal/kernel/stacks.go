package kernel

import (
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Stacks returns the stacks of all goroutines by goroutine id, in the runtime's
// format. The world stops meanwhile: it is for reports only.
func Stacks() map[int64]string {
	buf := make([]byte, 1<<16)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	stacks := make(map[int64]string)
	for _, s := range strings.Split(string(buf), "\n\n") {
		rest, ok := strings.CutPrefix(s, "goroutine ")
		if !ok {
			continue
		}
		num, _, _ := strings.Cut(rest, " ")
		if id, err := strconv.ParseInt(num, 10, 64); err == nil {
			stacks[id] = s
		}
	}
	return stacks
}

// UserFrame is the "file:line" of the first frame of a stack that belongs
// neither to the runtime nor to this library; "" if there is none.
func UserFrame(stack string) string {
	lines := strings.Split(stack, "\n")
	for i := 1; i+1 < len(lines); i += 2 {
		if ownFrame(lines[i]) {
			continue
		}
		at := strings.TrimSpace(lines[i+1])
		at, _, _ = strings.Cut(at, " ")
		dir, file := filepath.Split(at)
		return filepath.Join(filepath.Base(dir), file)
	}
	return ""
}

const modulePath = "github.com/anyio-go/anyio"

func ownFrame(function string) bool {
	for _, std := range []string{"runtime.", "iter.", "sync.", "created by "} {
		if strings.HasPrefix(function, std) {
			return true
		}
	}
	rest, ok := strings.CutPrefix(function, modulePath)
	if !ok {
		return false
	}
	for _, pkg := range []string{".", "/internal/", "/stream.", "/lowlevel.", "/sim.", "/anyiotest."} {
		if strings.HasPrefix(rest, pkg) {
			return true
		}
	}
	return false
}
