package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// A further peer is measured beside a shape's own, in the same rounds, and has lines of
// its own.
type further struct {
	name  string
	full  bool  // only with -full
	goals goals // against it; there may be none
}

// The further peers of echo servers that have a task for each connection.
var echoPeers = []further{
	{name: "gnet"},
	{name: "epoll"},
	{name: "libuv", full: true},
	{name: "io_uring", full: true},
	{name: "tokio-ct", full: true, goals: goals{eventloop: 1.00}},
	{name: "tokio-mt", full: true},
}

// The further peers of those without tasks.
var protocolPeers = []further{{name: "gnet"}, {name: "epoll"}, {name: "uvloop-protocols", full: true}}

// Tokio's tasks, streams and locks.
var tokioPeers = []further{{name: "tokio-ct-work", full: true}, {name: "tokio-mt-work", full: true}}

// tokioSpawn has a goal for the parallel backend.
func tokioSpawn(goal float64) []further {
	return []further{{name: "tokio-ct-work", full: true}, {name: "tokio-mt-work", full: true, goals: goals{parallel: goal}}}
}

func (g goals) on(backend string) float64 {
	switch backend {
	case "parallel":
		return g.parallel
	case "eventloop":
		return g.eventloop
	case "eventloops":
		return g.eventloops
	default:
		return g.sim
	}
}

// A rival is a peer of a pair that has been started.
type rival struct {
	contender
	goals goals
	stop  func()
}

// startRivals starts the shape's own peer and the further ones. Those that cannot be had
// here are left out, with a remark; without the shape's own it is not measured, unless
// there are others.
func (p pair) startRivals(e effort, start func(name string) (side, func(), error)) (rs []rival, err error) {
	all := append([]further{{name: p.peer, goals: p.goals}}, p.further...)
	for _, f := range all {
		if f.full && !e.full {
			continue
		}
		s, stop, startErr := start(f.name)
		if errors.Is(startErr, errors.ErrUnsupported) {
			e.absent(p.id, f.name, startErr)
			err = startErr
			continue
		}
		if startErr == nil {
			r := rival{goals: f.goals, stop: stop}
			r.contender, startErr = p.contender(f.name, s, e)
			rs = append(rs, r)
		}
		if startErr != nil {
			stopRivals(rs)
			return nil, fmt.Errorf("%s: %w", f.name, startErr)
		}
	}
	if len(rs) == 0 {
		return nil, err
	}
	return rs, nil
}

func stopRivals(rs []rival) {
	for _, r := range rs {
		r.stop()
	}
}

// absent says that a peer is missing.
func (e effort) absent(shape, peer string, err error) {
	if e.remark != nil {
		e.remark("%s has no %s: %v", shape, peer, err)
	}
}

// startPeer starts a peer of what is done in this process.
func (p pair) startPeer(name string) (side, func(), error) {
	if name == p.peer && p.their != nil {
		return p.their, func() {}, nil
	}
	c, _, err := startForeign(name)
	if err != nil {
		return nil, nil, err
	}
	return func(m *meter, n int) error {
		began := time.Now()
		line, err := c.tell(fmt.Sprintf("%s %d", p.id, n))
		if err != nil {
			return err
		}
		m.wall += time.Since(began)
		ns, err := strconv.ParseInt(line, 10, 64)
		m.cpu += time.Duration(ns)
		return err
	}, c.stop, nil
}

// compare lets ours and the rivals take turns, and makes a row of each two.
func compare(ps []pair, e effort, unit string, ours []contender, rs []rival) (rows []row, _ error) {
	cs := ours
	for _, r := range rs {
		cs = append(cs, r.contender)
	}
	all, err := takeTurns(e.rounds, cs)
	if err != nil {
		return nil, err
	}
	for j, r := range rs {
		for i, p := range ps {
			rows = append(rows, p.row(unit, r.name, r.goals.on(p.backend), all[i], all[len(ps)+j]))
		}
	}
	return rows, nil
}
