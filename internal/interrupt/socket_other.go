//go:build !linux

package interrupt

// A Socket is a Duplex of a socket. All its calls are made by package net.
type Socket struct{ Duplex }

// Try does nothing here.
func (s *Socket) Try() {}
