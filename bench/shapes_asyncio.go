package main

import (
	"context"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/lowlevel"
)

// --- A1: callbacks ---

// callbacks is how many are on their way at a time, on both sides.
const callbacks = 100

func callSoon(ctx context.Context, m *meter, n int) error {
	l, err := asyncio.RunningLoop(ctx)
	if err != nil {
		return err
	}
	called := 0
	f := func() { called++ }
	m.start()
	defer m.stop()
	for range n / callbacks {
		for range callbacks {
			l.CallSoon(f)
		}
		if err := lowlevel.Checkpoint(ctx); err != nil { // they come first
			return err
		}
	}
	return checkCount(nil, called, n)
}

func channelFuncs(m *meter, n int) error {
	called := 0
	f := func() { called++ }
	c, done := make(chan func(), callbacks), make(chan struct{})
	go func() {
		defer close(done)
		for f := range c {
			f()
		}
	}()
	m.start()
	for range n {
		c <- f
	}
	close(c)
	<-done
	m.stop()
	return checkCount(nil, called, n)
}

// --- A2: timers that are canceled, among many others ---

// pendingTimers is how many others there are; tests make it less.
var pendingTimers = 1_000_000

func callLater(ctx context.Context, m *meter, n int) error {
	l, err := asyncio.RunningLoop(ctx)
	if err != nil {
		return err
	}
	nothing := func() {}
	others := make([]*asyncio.TimerHandle, pendingTimers)
	for i := range others {
		others[i] = l.CallLater(time.Hour+time.Duration(i)*time.Microsecond, nothing)
	}
	m.start()
	for range n {
		l.CallLater(time.Minute, nothing).Cancel()
	}
	m.stop()
	for _, h := range others {
		h.Cancel()
	}
	return nil
}

func afterFunc(m *meter, n int) error {
	nothing := func() {}
	others := make([]*time.Timer, pendingTimers)
	for i := range others {
		others[i] = time.AfterFunc(time.Hour+time.Duration(i)*time.Microsecond, nothing)
	}
	m.start()
	for range n {
		time.AfterFunc(time.Minute, nothing).Stop()
	}
	m.stop()
	for _, t := range others {
		t.Stop()
	}
	return nil
}

// --- A3: echo by streams ---

func serveStreams(ctx context.Context, ready func(string)) error {
	handler := func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
		defer w.Close()
		for {
			data, err := r.Read(ctx, bufferSize)
			if err == nil && len(data) > 0 {
				_, err = w.Write(data)
			}
			if err == nil {
				err = w.Drain(ctx)
			}
			if err != nil || len(data) == 0 {
				return ignoreEnd(err)
			}
		}
	}
	s, err := asyncio.StartServer(ctx, handler, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}, Backlog: 10_000}, 0)
	if err != nil {
		return err
	}
	defer s.Close()
	ready(s.Sockets()[0].LocalAddr().String())
	return s.ServeForever(ctx)
}

// --- A4: futures ---

// futures makes n futures, one after the other, that another task sets.
func futures(ctx context.Context, m *meter, n int) error {
	m.start()
	defer m.stop()
	f := asyncio.NewFuture[int](ctx)
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			for range n {
				if err := f.SetResult(1); err != nil {
					return err
				}
				if err := lowlevel.Checkpoint(ctx); err != nil {
					return err
				}
			}
			return nil
		})
		for range n {
			if _, err := f.Await(ctx); err != nil {
				return err
			}
			f = asyncio.NewFuture[int](ctx)
		}
		return nil
	})
}
