//go:build !linux

package process_test

// beforeTests is called when this is no worker.
func beforeTests() {}
