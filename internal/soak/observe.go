package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

// A series is one quantity, measured at even intervals.
type series struct {
	name    string
	values  []float64
	slack   float64 // growth that is let pass, as a share of the mean
	atLeast float64 // growth that is let pass in any case
}

// maxSamples is how many samples are made; a long run makes them at longer intervals.
const maxSamples = 600

// quantities are what is measured.
type quantities struct{ rss, goroutines, descriptors, objects *series }

func newQuantities() quantities {
	return quantities{
		rss:         &series{name: "RSS in KiB", slack: 0.1, atLeast: 2048},
		goroutines:  &series{name: "goroutines", slack: 0.1, atLeast: 10},
		descriptors: &series{name: "descriptors", slack: 0.1, atLeast: 5},
		objects:     &series{name: "heap objects", slack: 0.1, atLeast: 2000},
	}
}

func (q quantities) all() []*series {
	return []*series{q.rss, q.goroutines, q.descriptors, q.objects}
}

// sample measures each once.
func (q quantities) sample() {
	runtime.GC()
	live := []metrics.Sample{{Name: "/gc/heap/objects:objects"}}
	metrics.Read(live)
	q.objects.values = append(q.objects.values, float64(live[0].Value.Uint64()))
	q.goroutines.values = append(q.goroutines.values, float64(runtime.NumGoroutine()))
	if n, ok := residentSize(); ok {
		q.rss.values = append(q.rss.values, n)
	}
	if n, ok := openDescriptors(); ok {
		q.descriptors.values = append(q.descriptors.values, n)
	}
}

// observe measures until the time is over. While it gets warm it only waits.
func observe(ctx context.Context, length time.Duration, leave func()) []*series {
	q := newQuantities()
	warm := min(length/4, 10*time.Minute)
	wait := func(d time.Duration) bool {
		select {
		case <-time.After(d):
			return true
		case <-ctx.Done():
			return false
		}
	}
	if !wait(warm) {
		return q.all()
	}
	pause := max((length-warm)/maxSamples, 100*time.Millisecond)
	for end := time.Now().Add(length - warm); time.Now().Before(end); {
		q.sample()
		leave()
		if !wait(pause) {
			break
		}
	}
	return q.all()
}

// leaks are what -leak leaves behind at each sample. Little of one kind must be seen
// though the others stand still.
var leaks = map[string]func(){
	"":       func() {},
	"memory": func() { kept.any = append(kept.any, bytes.Repeat([]byte{1}, 300_000)) },
	"goroutines": func() {
		released := kept.released
		go func() { <-released }()
	},
	"descriptors": func() {
		if r, w, err := os.Pipe(); err == nil {
			kept.any = append(kept.any, r, w)
		}
	},
	"objects": func() {
		for range 200 {
			kept.any = append(kept.any, new(*int))
		}
	},
}

// kept is what -leak keeps.
var kept = struct {
	any      []any
	released chan struct{} // closed by tests
}{released: make(chan struct{})}

// residentSize is the memory that the system gives this process, where it says so.
func residentSize() (kib float64, ok bool) {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0, false
	}
	pages, err := strconv.Atoi(fields[1])
	return float64(pages) * float64(os.Getpagesize()) / 1024, err == nil
}

// openDescriptors counts the files that are open, where there is a list of them.
func openDescriptors() (n float64, ok bool) {
	dir, err := os.Open("/proc/self/fd")
	if err != nil {
		dir, err = os.Open("/dev/fd")
	}
	if err != nil {
		return 0, false
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	return float64(len(names) - 1), err == nil // not the list itself
}

func (s *series) String() string {
	first, last := s.values[0], s.values[len(s.values)-1]
	return fmt.Sprintf("%-12s %10.0f at first, %10.0f at last", s.name, first, last)
}
