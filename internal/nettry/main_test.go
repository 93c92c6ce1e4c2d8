package nettry_test

import (
	"os"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
)

func TestMain(m *testing.M) { os.Exit(anyiotest.Main(m)) }
