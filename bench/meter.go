package main

import (
	"runtime"
	"time"
)

// A meter measures what happens between start and stop, several times if need be: the
// processor time of the process, which other processes on the machine do not lengthen
// as they do the wall clock's, and beside it the wall clock's.
//
// Each start collects garbage first, so that a round pays for the collections that its
// own garbage brings about, on whichever thread they run, and for no others.
type meter struct {
	cpu, wall     time.Duration
	allocs, bytes uint64

	cpuAt         time.Duration
	wallAt        time.Time
	before, after runtime.MemStats
}

func (m *meter) start() {
	runtime.GC()
	runtime.ReadMemStats(&m.before)
	m.cpuAt = processorTimeNow()
	m.wallAt = time.Now()
}

func (m *meter) stop() {
	m.wall += time.Since(m.wallAt)
	// It stops all other threads first, whose time the system would else count only up
	// to its last tick.
	runtime.ReadMemStats(&m.after)
	m.cpu += processorTimeNow() - m.cpuAt
	m.allocs += m.after.Mallocs - m.before.Mallocs
	m.bytes += m.after.TotalAlloc - m.before.TotalAlloc
}

// withChild measures f, and what a process that it has calls made in spends on them: one that
// goes on afterwards is no part of what the system counts for this one. spent asks it, before
// f begins and after its end.
func (m *meter) withChild(spent func() (int64, error), f func() error) error {
	before, err := spent()
	if err != nil {
		return err
	}
	m.start()
	err = f()
	m.stop()
	if err != nil {
		return err
	}
	after, err := spent()
	m.cpu += time.Duration(after - before)
	return err
}

// processorTimeNow is processorTime where it cannot fail: measure has tried it.
func processorTimeNow() time.Duration {
	t, _ := processorTime()
	return time.Duration(t)
}

// A sample is what one round cost, per operation. The value is processor time in
// nanoseconds, or memory in bytes.
type sample struct{ value, wall, allocs, bytes float64 }

// A side is ours or the peer's half of a pair.
type side func(m *meter, n int) error

func (s side) once(n int) (*meter, error) {
	m := &meter{}
	err := s(m, n)
	return m, err
}

// calibrate finds the number of operations, n or more, that takes at least d of
// processor time. It warms up, too.
func (s side) calibrate(n, batch int, d time.Duration) (int, error) {
	for {
		m, err := s.once(n)
		if err != nil || m.cpu >= d {
			return n, err
		}
		grow := min(1.2*float64(d)/float64(max(m.cpu, 1)), 100)
		n = max(int(float64(n/batch)*grow), n/batch+1) * batch
	}
}

func (s side) sample(n int) (sample, error) {
	m, err := s.once(n)
	ops := float64(n)
	return sample{float64(m.cpu) / ops, float64(m.wall) / ops, float64(m.allocs) / ops, float64(m.bytes) / ops}, err
}
