package parallel

import (
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netconn"
)

// Network is package net's.
func (b *Backend) Network() kernel.Network { return netconn.Network{} }
