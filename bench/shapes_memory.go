package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/anyio-go/anyio"
)

// A memoryShape blocks n tasks, calls held, and ends them again.
type memoryShape struct {
	ours  func(ctx context.Context, n int, held func()) error
	their func(n int, held func()) error
}

// --- S9b: memory of a blocked task ---

func blockTasks(ctx context.Context, n int, held func()) error {
	var never anyio.Event
	var up atomic.Int64
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		task := func(ctx context.Context) error {
			up.Add(1)
			return never.Wait(ctx)
		}
		for range n {
			tg.Go(task)
		}
		for up.Load() < int64(n) {
			if err := anyio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		if err := anyio.Sleep(ctx, settle); err != nil {
			return err
		}
		held()
		never.Set()
		return nil
	})
}

// blockGoroutines gives each goroutine a context of its own, as our tasks have.
func blockGoroutines(n int, held func()) error {
	root, cancel := context.WithCancel(context.Background())
	defer cancel()
	never := make(chan struct{})
	var up, done sync.WaitGroup
	up.Add(n)
	for range n {
		done.Go(func() {
			ctx, cancel := context.WithCancel(root)
			defer cancel()
			up.Done()
			select {
			case <-never:
			case <-ctx.Done():
			}
		})
	}
	up.Wait()
	held()
	close(never)
	done.Wait()
	return nil
}

// childVar tells a copy of this program to do one measurement of memory and
// print it: its value is "<shape> <backend or peer> <tasks>".
const childVar = "ANYIO_BENCH_CHILD"

var errNoRSS = fmt.Errorf("%w: this system does not tell the resident memory of a process in /proc/self/statm", errors.ErrUnsupported)

// measureMemory runs both sides in turns, each time in a new process so that
// nothing is left of the one before.
func (p pair) measureMemory(e effort) ([]row, error) {
	if _, err := resident(); err != nil {
		return nil, err
	}
	var cs []contender
	for _, who := range []string{p.backend, "peer"} {
		cs = append(cs, contender{who, func() (sample, error) { return spawnChild(p.id, who, e.tasks) }})
	}
	all, err := takeTurns(min(e.rounds, 5), cs) // it hardly varies
	return serverRows([]pair{p}, "B", all, err)
}

func spawnChild(id, who string, tasks int) (sample, error) {
	exe, err := os.Executable()
	if err != nil {
		return sample{}, err
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %d", childVar, id, who, tasks))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return sample{}, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	var v [3]float64
	err = json.Unmarshal(out, &v)
	return sample{value: v[0], allocs: v[1], bytes: v[2]}, err
}

// runChild is the child's main function. It exits as soon as it knows: to end the
// tasks would take as long again and tell nothing.
func runChild(job string, stdout, stderr io.Writer) int {
	err := measureChild(job, func(s sample) {
		line, _ := json.Marshal([3]float64{s.value, s.allocs, s.bytes})
		fmt.Fprintf(stdout, "%s\n", line)
		os.Exit(0)
	})
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
	}
	return 1
}

func measureChild(job string, report func(sample)) error {
	var id, who string
	var n int
	if _, err := fmt.Sscan(job, &id, &who, &n); err != nil || n < 1 {
		return fmt.Errorf("bad job %q: expected shape, side, tasks", job)
	}
	var mem *memoryShape
	for _, sh := range shapes {
		if sh.id == id {
			mem = sh.memory
		}
	}
	if mem == nil {
		return fmt.Errorf("bad job %q: no such memory shape", job)
	}
	var before, after runtime.MemStats
	base, err := tidyResident()
	if err != nil {
		return err
	}
	held := func() {
		runtime.ReadMemStats(&after)
		now, _ := tidyResident() // it worked before
		report(sample{
			value:  float64(now-base) / float64(n),
			allocs: float64(after.Mallocs-before.Mallocs) / float64(n),
			bytes:  float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
		})
	}
	runtime.ReadMemStats(&before)
	if who == "peer" {
		return mem.their(n, held)
	}
	return anyio.Run(context.Background(), func(ctx context.Context) error {
		return mem.ours(ctx, n, held)
	}, anyio.On(backend(who)))
}

// tidyResident is the resident memory after garbage was collected and given back.
func tidyResident() (int64, error) {
	debug.FreeOSMemory() // collects first
	debug.FreeOSMemory() // and now what pools have kept
	return resident()
}

// resident is the resident memory of this process in bytes.
func resident() (int64, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, errNoRSS
	}
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0, errNoRSS
	}
	pages, err := strconv.ParseInt(f[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
