package asyncio_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/socket"
)

// An idle connection costs what its state does: its protocol, transport and socket.
func TestIdleConnectionIsSmall(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector's own memory would be counted")
	}
	const conns = 1000
	limit := int64(900)
	if pumped {
		limit = 2500 // package net's part of it; the goroutine that waits is not on the heap
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		made := 0
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, func() asyncio.BaseProtocol {
			made++
			return &echo{}
		}, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}, Backlog: conns + 1, Paused: true}))
		defer s.Close()
		var peers [conns]*socket.Stream
		for i := range peers {
			peers[i] = must[*socket.Stream](t)(socket.DialTCP(ctx, "127.0.0.1", portOf(s)))
		}
		before := heap()
		if err := s.StartServing(); err != nil {
			t.Fatal(err)
		}
		until(t, ctx, func() bool { return made == conns })
		turns(t, ctx, 5)
		each := (heap() - before) / conns
		t.Logf("%d bytes", each)
		if each > limit {
			t.Errorf("an idle connection takes %d bytes, want %d at most", each, limit)
		}
		for _, p := range peers {
			_ = p.Close(ctx)
		}
	}, anyiotest.Only("eventloop"))
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
