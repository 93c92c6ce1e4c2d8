package main

import (
	"context"
	"time"

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
