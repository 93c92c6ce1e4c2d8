package kernels

import (
	"fmt"
	"os"
	"testing"

	"github.com/anyio-go/anyio/internal/race"
)

func TestMain(m *testing.M) {
	if race.Enabled {
		fmt.Println("many of the bugs are data races: the race detector would find them first")
		return
	}
	os.Exit(m.Run())
}
