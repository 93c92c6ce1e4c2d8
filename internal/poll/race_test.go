package poll_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/internal/poll"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// victimVariable, if set in the environment, is the name of the victim to run.
const victimVariable = "ANYIO_POLL_VICTIM"

// victims are programs with a data race which a Poller could hide by being taken
// for synchronization. Each writes x twice.
var victims = map[string]func(p *poll.Poller, d *poll.Desc, x *int){
	"wake": func(p *poll.Poller, _ *poll.Desc, x *int) {
		go func() {
			*x = 1
			p.Wake()
		}()
		p.Wait(-1)
		*x = 2
	},
	"post": func(p *poll.Poller, d *poll.Desc, x *int) {
		go func() {
			*x = 1
			d.Post(true, false)
		}()
		p.Wait(-1)
		p.Poll(func(data any, _, _ bool) {
			if data == "posted" {
				*x = 2
			}
		})
	},
	// Two who wake one loop do not meet in doing so.
	"wakers": func(p *poll.Poller, _ *poll.Desc, x *int) {
		go func() {
			untilParked(p)
			*x = 1
			p.Wake()
		}()
		second, donec := new(int), make(chan struct{})
		go func() {
			defer close(donec)
			for peek(second) == 0 || !p.Parked() {
				runtime.Gosched()
			}
			p.Wake()
			*x = 2
		}()
		p.Wait(-1)
		poke(second)
		p.Wait(-1)
		<-donec
	},
	// Neither do tasks that took turns.
	"turns": func(p *poll.Poller, d *poll.Desc, x *int) {
		race.Isolate(func() {
			*x = 1
			d.Post(true, true)
			p.Unregister(d)
			p.Poll(func(any, bool, bool) {})
		})
		p.Poll(func(any, bool, bool) {})
		p.Wait(1)
		*x = 2
	},
}

// Who wakes a loop may know nothing of who made its poller: a timer's goroutine that was
// there before, say.
func TestRaceOfWhoWakesAndWhoOpened(t *testing.T) {
	for name, mode := range poll.Modes {
		t.Run("mode="+name, func(t *testing.T) {
			made, donec := new(quiet.Pointer[poll.Poller]), make(chan struct{})
			go func() {
				race.Disable()
				for made.Load() == nil || !made.Load().Parked() {
					runtime.Gosched()
				}
				race.Enable()
				made.Load().Wake()
				close(donec)
			}()
			p := mode(t)
			made.Store(p)
			p.Wait(-1)
			<-donec
		})
	}
}

// peek and poke share a variable behind the race detector's back.
//
//go:norace
func peek(p *int) int { return *p }

//go:norace
func poke(p *int) { *p = 1 }

// TestRaceVictim is what TestRacesStayVisible runs in another process.
func TestRaceVictim(t *testing.T) {
	victim, mode, ok := strings.Cut(os.Getenv(victimVariable), "/")
	if !ok {
		t.Skip("run by TestRacesStayVisible")
	}
	p := poll.Modes[mode](t)
	d := register(t, p, "posted")
	reports(t, p)
	if mode == "channel" {
		if err := p.Unregister(d); err != nil {
			t.Fatal(err)
		}
	}
	x := new(int)
	victims[victim](p, d, x)
}

func TestRacesStayVisible(t *testing.T) {
	bin := raceBinary(t)
	for victim := range victims {
		for mode := range poll.Modes {
			if victim == "post" && mode == "channel" {
				continue // a post needs a descriptor
			}
			t.Run("victim="+victim+"/mode="+mode, func(t *testing.T) {
				cmd := exec.Command(bin, "-test.run=^TestRaceVictim$")
				cmd.Env = append(os.Environ(), victimVariable+"="+victim+"/"+mode, "GORACE=atexit_sleep_ms=0")
				out, err := cmd.CombinedOutput()
				if err == nil || !bytes.Contains(out, []byte("WARNING: DATA RACE")) {
					t.Errorf("no data race was reported (%v):\n%s", err, out)
				}
			})
		}
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
