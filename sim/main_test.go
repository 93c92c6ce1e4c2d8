package sim_test

import (
	"os"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
)

// TestMain looks for leaks after all tests, but for the runs that tests of the
// watchdog block for good.
func TestMain(m *testing.M) {
	os.Exit(anyiotest.Main(m, anyiotest.IgnoreFunction("sim_test.doesNotComeBack", "sim_test.ExampleConfig_stepTimeout")))
}
