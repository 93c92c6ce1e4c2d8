//go:build !linux

package asyncio_test

var endpointTwins []twin
