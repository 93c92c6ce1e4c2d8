package kernel

import "testing"

// If this fails, a release of Go has changed how context.Cause finds a cause, and
// context.Cause of a scope is no more than its Err.
func TestCauseKeyIsFound(t *testing.T) {
	if _, missing := causeKey.(noKey); missing {
		t.Error("context.Cause does not ask Value for a context with a cause, as it did")
	}
}
