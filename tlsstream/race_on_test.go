//go:build race

package tlsstream_test

// raceEnabled tells that the race detector is on, which allocates.
const raceEnabled = true
