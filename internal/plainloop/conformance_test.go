package plainloop_test

import (
	"testing"

	"github.com/anyio-go/anyio/internal/testkit"
)

// TestConformance runs the tests that every backend has to pass on this one.
func TestConformance(t *testing.T) {
	testkit.Conformance(t, "plainloop", `import _ "github.com/anyio-go/anyio/internal/plainloop"`)
}
