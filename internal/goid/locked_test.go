package goid

import (
	"runtime"
	"testing"
)

func TestLockedIsWhatTheGoroutineIs(t *testing.T) {
	if Locked() {
		t.Error("a test's goroutine is locked")
	}
	runtime.LockOSThread()
	if !Locked() {
		t.Error("a locked goroutine is not")
	}
	runtime.UnlockOSThread()
	if Locked() {
		t.Error("a goroutine stays locked")
	}
}
