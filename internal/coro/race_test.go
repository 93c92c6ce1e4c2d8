package coro_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/anyio-go/anyio/internal/coro"
	"github.com/anyio-go/anyio/internal/race"
)

// victimVariable, if set in the environment, is the name of the victim to run.
const victimVariable = "ANYIO_CORO_VICTIM"

// run resumes coroutines in turn until all have ended.
func run(bodies ...func(c *coro.Coro)) {
	var all []*coro.Coro
	for _, body := range bodies {
		all = append(all, newCoro(body))
	}
	for len(all) > 0 {
		alive := all[:0]
		for _, c := range all {
			if c.Resume() {
				alive = append(alive, c)
			}
		}
		all = alive
	}
}

// victims are programs with a data race. In each x is written by two coroutines
// which never run at the same time, and which nothing but their turns orders.
var victims = map[string]func(x *int){
	"two writers": func(x *int) {
		write := func(*coro.Coro) { *x++ }
		run(write, write)
	},
	"between yields": func(x *int) {
		write := func(c *coro.Coro) {
			c.Yield()
			*x++
			c.Yield()
		}
		run(write, write)
	},
	"one lock each": func(x *int) {
		write := func(*coro.Coro) {
			var mu sync.Mutex
			mu.Lock()
			defer mu.Unlock()
			*x++
		}
		run(write, write)
	},
	"coroutine and owner": func(x *int) {
		c := newCoro(func(c *coro.Coro) {
			*x++
			c.Yield()
		})
		c.Resume()
		*x++
		c.Stop()
	},
	"ended and owner": func(x *int) {
		newCoro(func(*coro.Coro) { *x++ }).Resume()
		*x++
	},
}

// TestRaceVictim is what TestRacesStayVisible runs in another process.
func TestRaceVictim(t *testing.T) {
	victim, ok := victims[os.Getenv(victimVariable)]
	if !ok {
		t.Skip("run by TestRacesStayVisible")
	}
	victim(new(int))
}

func TestRacesStayVisible(t *testing.T) {
	bin := raceBinary(t)
	for victim := range victims {
		t.Run("victim="+victim, func(t *testing.T) {
			cmd := exec.Command(bin, "-test.run=^TestRaceVictim$")
			cmd.Env = append(os.Environ(), victimVariable+"="+victim, "GORACE=atexit_sleep_ms=0")
			out, err := cmd.CombinedOutput()
			if err == nil || !bytes.Contains(out, []byte("WARNING: DATA RACE")) {
				t.Errorf("no data race was reported (%v):\n%s", err, out)
			}
		})
	}
}

// raceBinary is a test binary of this package with the race detector.
func raceBinary(t *testing.T) string {
	t.Helper()
	if race.Enabled {
		return os.Args[0]
	}
	if testing.Short() {
		t.Skip("builds with -race; skipped by -short")
	}
	bin := filepath.Join(t.TempDir(), "race.test")
	if out, err := exec.Command("go", "test", "-race", "-c", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Skipf("cannot build with -race here: %v\n%s", err, out)
	}
	return bin
}

// What is handed over properly must not be reported. This is a test under -race.
func TestHandedOverIsNotReported(t *testing.T) {
	t.Run("by=lock", func(t *testing.T) {
		var mu sync.Mutex
		x := 0
		add := func(c *coro.Coro) {
			for range 10 {
				mu.Lock()
				x++
				mu.Unlock()
				c.Yield()
			}
		}
		run(add, add, add)
		mu.Lock()
		defer mu.Unlock()
		if x != 30 {
			t.Errorf("x is %d, want 30", x)
		}
	})
	t.Run("by=channel", func(t *testing.T) {
		x := 0
		first, second := make(chan struct{}, 1), make(chan struct{}, 1)
		run(func(*coro.Coro) {
			x++
			first <- struct{}{}
		}, func(*coro.Coro) {
			<-first
			x++
			second <- struct{}{}
		})
		<-second
		if x != 2 {
			t.Errorf("x is %d, want 2", x)
		}
	})
	t.Run("by=New", func(t *testing.T) {
		x := 1
		run(func(*coro.Coro) { x++ })
	})
}
