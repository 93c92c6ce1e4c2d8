package anyioutils_test

import (
	"os"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
)

// TestMain looks for leaks after all tests.
func TestMain(m *testing.M) { os.Exit(anyiotest.Main(m)) }
