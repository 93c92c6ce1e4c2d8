package eventloop

import (
	"context"
	"net"
	"net/netip"

	"github.com/anyio-go/anyio/internal/kernel"
)

var opLookup = kernel.RegisterOp("Lookup")

// A resolver looks names up with package net, where that holds up nobody.
type resolver struct{ b *Backend }

// LookupHost resolves a name into addresses.
func (r resolver) LookupHost(ctx context.Context, family, host string) ([]netip.Addr, error) {
	return lookUp(ctx, r.b, func(ctx context.Context) ([]netip.Addr, error) {
		addrs, err := net.DefaultResolver.LookupNetIP(ctx, family, host)
		for i := range addrs {
			addrs[i] = addrs[i].Unmap()
		}
		return addrs, err
	})
}

// LookupPort resolves a service name.
func (r resolver) LookupPort(ctx context.Context, network, service string) (int, error) {
	return lookUp(ctx, r.b, func(ctx context.Context) (int, error) {
		return net.DefaultResolver.LookupPort(ctx, network, service)
	})
}

// LookupAddr is the reverse lookup.
func (r resolver) LookupAddr(ctx context.Context, addr netip.Addr) ([]string, error) {
	return lookUp(ctx, r.b, func(ctx context.Context) ([]string, error) {
		return net.DefaultResolver.LookupAddr(ctx, addr.String())
	})
}

// A question is a lookup on another goroutine. Whoever asked may have left when
// the answer comes.
type question[T any] struct {
	ctx    context.Context // canceled when whoever asked has left
	ask    func(ctx context.Context) (T, error)
	done   kernel.Latch
	answer T // this and err are written before done opens
	err    error
}

func (q *question[T]) RunJob() {
	q.answer, q.err = q.ask(q.ctx)
	q.done.Open()
}

func lookUp[T any](ctx context.Context, b kernel.Backend, ask func(ctx context.Context) (T, error)) (T, error) {
	var zero T
	if _, err := kernel.Enter(ctx); err != nil {
		return zero, err
	}
	jobCtx, cancel := context.WithCancel(context.Background())
	defer cancel()
	q := &question[T]{ctx: jobCtx, ask: ask}
	b.Offload(q)
	if err := q.done.Wait(ctx, opLookup); err != nil {
		return zero, err
	}
	return q.answer, q.err
}
