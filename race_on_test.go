//go:build race

package anyio_test

const raceEnabled = true
