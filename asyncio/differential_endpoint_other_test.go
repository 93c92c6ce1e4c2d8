//go:build !linux

package asyncio_test

var endpointTwins, processTwins []twin
