package main

import (
	"context"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
)

// --- N1a, N2a, N5a: echo by protocols of package asyncio, without a task each ---

type echoProtocol struct {
	asyncio.ProtocolDefaults
	tr asyncio.Transport
}

func (p *echoProtocol) ConnectionMade(tr asyncio.Transport) { p.tr = tr }
func (p *echoProtocol) DataReceived(data []byte)            { _, _ = p.tr.Write(data) }

func serveProtocols(ctx context.Context, ready func(string)) error {
	l, err := asyncio.RunningLoop(ctx)
	if err != nil {
		return err
	}
	s, err := l.CreateServer(ctx, func() asyncio.BaseProtocol { return &echoProtocol{} },
		asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}, Backlog: 10_000})
	if err != nil {
		return err
	}
	defer s.Close()
	ready(s.Sockets()[0].LocalAddr().String())
	return anyio.SleepForever(ctx)
}
