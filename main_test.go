package anyio_test

import (
	"os"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
)

// TestMain looks for leaks after all tests. Three tests leave tasks behind on
// purpose, as nothing can end what they do.
func TestMain(m *testing.M) {
	os.Exit(anyiotest.Main(m, anyiotest.IgnoreFunction(
		"anyio_test.TestTasksThatIgnoreTheEndAreAbandoned", "anyio_test.TestMoreStepsThanTheLimitInVain",
		"anyio_test.TestWaitThatNothingEndsIsAbandoned")))
}
