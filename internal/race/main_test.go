package race_test

import (
	"os"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
)

func TestMain(m *testing.M) {
	if os.Getenv(raceChildVar) == "alarm" {
		os.Exit(m.Run()) // no other timers
	}
	os.Exit(anyiotest.Main(m))
}
