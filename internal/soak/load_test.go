package main

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		fmt.Print("child")
		return
	}
	os.Exit(anyiotest.Main(m))
}

// A round of each kind of load gives what it must, and leaves nothing behind.
func TestRounds(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				for range 3 {
					if err := c.round(ctx); err != nil {
						t.Fatal(err)
					}
				}
			}, anyiotest.Skip("sim", "it is for what real time and the system do"))
		})
	}
}
