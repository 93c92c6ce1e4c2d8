// Package storm has no code: its tests are what attackers, and programs that fail in the
// worst moment, do to all packages at once.
package storm_test

import (
	"os"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
)

func TestMain(m *testing.M) { os.Exit(anyiotest.Main(m)) }
