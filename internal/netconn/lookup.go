package netconn

import (
	"context"
	"net"
	"net/netip"

	"github.com/anyio-go/anyio/internal/interrupt"
	"github.com/anyio-go/anyio/internal/kernel"
)

// lookup makes a call of the resolver. One that does not obey its context is left
// behind by package net.
func lookup[T any](ctx context.Context, f func(context.Context) (T, error)) (v T, err error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return v, err
	}
	return interrupt.WithContext(ctx, p, kernel.OpLookup, f)
}

// LookupHost resolves a name. See kernel.Network.
func (Network) LookupHost(ctx context.Context, family, host string) ([]netip.Addr, error) {
	addrs, err := lookup(ctx, func(ctx context.Context) ([]netip.Addr, error) {
		return net.DefaultResolver.LookupNetIP(ctx, family, host)
	})
	for i, a := range addrs {
		addrs[i] = a.Unmap()
	}
	return addrs, err
}

// LookupCNAME finds the name that a name stands for.
func (Network) LookupCNAME(ctx context.Context, host string) (string, error) {
	return lookup(ctx, func(ctx context.Context) (string, error) {
		return net.DefaultResolver.LookupCNAME(ctx, host)
	})
}

// LookupPort resolves the name of a service. See kernel.Network.
func (Network) LookupPort(ctx context.Context, network, service string) (int, error) {
	return lookup(ctx, func(ctx context.Context) (int, error) {
		return net.DefaultResolver.LookupPort(ctx, network, service)
	})
}

// LookupAddr is the reverse lookup. See kernel.Network.
func (Network) LookupAddr(ctx context.Context, addr netip.Addr) ([]string, error) {
	return lookup(ctx, func(ctx context.Context) ([]string, error) {
		return net.DefaultResolver.LookupAddr(ctx, addr.String())
	})
}
