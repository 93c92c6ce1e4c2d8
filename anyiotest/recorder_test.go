package anyiotest_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// A recorder is a test that may fail without failing the real one.
type recorder struct {
	testing.TB
	name     string
	deadline time.Time

	mu       sync.Mutex
	log      strings.Builder
	failed   bool
	skipped  bool
	cleanups []func()
}

func newRecorder(t testing.TB) *recorder { return &recorder{TB: t, name: "TestRecorded/sim"} }

// run calls f on a goroutine that Fatal may exit, then the cleanups. It returns
// what f panicked with.
func (r *recorder) run(f func()) (panicked any) {
	done := make(chan any)
	go func() {
		defer func() {
			v := recover()
			for i := len(r.cleanups) - 1; i >= 0; i-- {
				r.cleanups[i]()
			}
			done <- v
		}()
		f()
	}()
	return <-done
}

func (r *recorder) write(failed bool, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = r.failed || failed
	r.log.WriteString(text + "\n")
}

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

func (r *recorder) Helper()                           {}
func (r *recorder) Name() string                      { return r.name }
func (r *recorder) Cleanup(f func())                  { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Log(args ...any)                   { r.write(false, fmt.Sprint(args...)) }
func (r *recorder) Logf(format string, args ...any)   { r.write(false, fmt.Sprintf(format, args...)) }
func (r *recorder) Error(args ...any)                 { r.write(true, fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, args ...any) { r.write(true, fmt.Sprintf(format, args...)) }
func (r *recorder) Fatal(args ...any)                 { r.Error(args...); runtime.Goexit() }
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); runtime.Goexit() }
func (r *recorder) FailNow()                          { r.write(true, ""); runtime.Goexit() }
func (r *recorder) Skip(args ...any)                  { r.Log(args...); r.SkipNow() }
func (r *recorder) Skipf(format string, args ...any)  { r.Skip(fmt.Sprintf(format, args...)) }
func (r *recorder) SkipNow()                          { r.skipped = true; runtime.Goexit() }

func (r *recorder) Deadline() (time.Time, bool) { return r.deadline, !r.deadline.IsZero() }

// wantFailure says that the recorded test must have failed with these words.
func (r *recorder) wantFailure(t *testing.T, words ...string) {
	t.Helper()
	if !r.Failed() {
		t.Errorf("want the test to fail; its log:\n%s", r.text())
	}
	r.wantLog(t, words...)
}

// wantPass says that the recorded test must have passed.
func (r *recorder) wantPass(t *testing.T) {
	t.Helper()
	if r.Failed() {
		t.Errorf("want the test to pass; its log:\n%s", r.text())
	}
}

func (r *recorder) wantLog(t *testing.T, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(r.text(), w) {
			t.Errorf("want %q in the log:\n%s", w, r.text())
		}
	}
}
