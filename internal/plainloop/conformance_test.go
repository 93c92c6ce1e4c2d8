package plainloop_test

import (
	"testing"

	"github.com/anyio-go/anyio/internal/testkit"
)

// TestConformance runs the tests that every backend has to pass on this one, and on loops
// between which tasks are scattered.
func TestConformance(t *testing.T) {
	testkit.Conformance(t, `
import (
	_ "github.com/anyio-go/anyio/internal/plainloop"
	_ "github.com/anyio-go/anyio/internal/scatter"
)
`, "plainloop", "scatter")
}
