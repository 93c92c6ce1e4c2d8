// Package testkit is what the tests of several packages need.
package testkit

import (
	"bytes"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// A Log is what package slog writes to while a test runs.
type Log struct {
	garbage bool // reports of what was never closed are kept
	grew    chan struct{}
	mu      sync.Mutex
	text    bytes.Buffer // guarded by mu
}

// CaptureLog makes slog write to the Log that is returned until the test ends. Tests
// that run at the same time write there, too. Reports of what was never closed are left
// out: they come when garbage is collected, which may be that of any test before.
func CaptureLog(t testing.TB) *Log { return capture(t, &Log{grew: make(chan struct{}, 1)}) }

// CaptureGarbage is CaptureLog with those reports; see Collect.
func CaptureGarbage(t testing.TB) *Log {
	return capture(t, &Log{garbage: true, grew: make(chan struct{}, 1)})
}

func capture(t testing.TB, l *Log) *Log {
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(slog.NewTextHandler(l, nil)))
	return l
}

// Write is for slog, and for other loggers of the test.
func (l *Log) Write(p []byte) (int, error) {
	if !l.garbage && bytes.Contains(p, []byte(`msg="unclosed `)) {
		return len(p), nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.grew <- struct{}{}:
	default:
	}
	return l.text.Write(p)
}

// Grew has an element if something was written since it was taken.
func (l *Log) Grew() <-chan struct{} { return l.grew }

// Text is all that was written.
func (l *Log) Text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Take is Text, and forgets it.
func (l *Log) Take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

// Collect collects garbage until part was written n times, and returns all that was
// written. Other tests may have left garbage, too.
func (l *Log) Collect(n int, part string) (text string) {
	for range 10_000 {
		runtime.GC()
		if text = l.Text(); strings.Count(text, part) >= n {
			break
		}
		runtime.Gosched()
	}
	return text
}
