// Package listen lets a program that imports it be looked at by the commands anyio ps, tree,
// top and why, from its begin on. It has nothing to call:
//
//	import _ "github.com/anyio-go/anyio/inspect/listen"
//
// Only the user of the process can look. See inspect.Listen.
//
// # Limitations
//
// It listens until the process ends; a program that wants to stop calls inspect.Listen. If
// it cannot listen, a warning of package slog says so and the program goes on.
package listen

import (
	"log/slog"

	"github.com/anyio-go/anyio/inspect"
)

func init() {
	if _, err := inspect.Listen(); err != nil {
		slog.Warn("inspect: not listening", "error", err)
	}
}
