//go:build !windows && !anyio_pumped

package asyncio_test

// pumped tells that the event loop's sockets are package net's.
const pumped = false
