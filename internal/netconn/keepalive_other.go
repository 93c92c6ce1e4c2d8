//go:build !linux

package netconn

import "net"

// A keepAlive does nothing: package net sets the options of each connection.
type keepAlive struct{}

func (*keepAlive) inherit(*net.ListenConfig) {}
func (*keepAlive) see(net.Conn)              {}
