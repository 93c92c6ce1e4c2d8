package main

import (
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

// observe measures until the time is over. While it gets warm it only waits.
func observe(ctx context.Context, length time.Duration, leak bool) []*series {
	rss := &series{name: "RSS in KiB", slack: 0.1, atLeast: 2048}
	goroutines := &series{name: "goroutines", slack: 0.1, atLeast: 10}
	descriptors := &series{name: "descriptors", slack: 0.1, atLeast: 5}
	objects := &series{name: "heap objects", slack: 0.1, atLeast: 2000}
	all := []*series{rss, goroutines, descriptors, objects}
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
		return all
	}
	pause := max((length-warm)/maxSamples, 100*time.Millisecond)
	stop := make(chan struct{})
	defer close(stop)
	for end := time.Now().Add(length - warm); time.Now().Before(end); {
		runtime.GC()
		live := []metrics.Sample{{Name: "/gc/heap/objects:objects"}}
		metrics.Read(live)
		objects.values = append(objects.values, float64(live[0].Value.Uint64()))
		goroutines.values = append(goroutines.values, float64(runtime.NumGoroutine()))
		if n, ok := residentSize(); ok {
			rss.values = append(rss.values, n)
		}
		if n, ok := openDescriptors(); ok {
			descriptors.values = append(descriptors.values, n)
		}
		if leak {
			go func() { <-stop }()
			if r, w, err := os.Pipe(); err == nil {
				kept = append(kept, r, w)
			}
			kept = append(kept, make([]byte, 100_000), make([]*int, 1), new(series))
		}
		if !wait(pause) {
			break
		}
	}
	return all
}

// kept is what -leak keeps.
var kept []any

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
