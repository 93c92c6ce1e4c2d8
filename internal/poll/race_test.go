package poll_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/internal/poll"
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
	for victim := range victims {
		for mode := range poll.Modes {
			if victim == "post" && mode == "channel" {
				continue // a post needs a descriptor
			}
			t.Run("victim="+victim+"/mode="+mode, func(t *testing.T) {
				cmd := raceCommand(t, "TestRaceVictim")
				cmd.Env = append(os.Environ(), victimVariable+"="+victim+"/"+mode, "GORACE=atexit_sleep_ms=0")
				out, err := cmd.CombinedOutput()
				if err == nil || !bytes.Contains(out, []byte("WARNING: DATA RACE")) {
					t.Errorf("no data race was reported (%v):\n%s", err, out)
				}
			})
		}
	}
}

// raceCommand runs one test of this package in a process with the race detector.
func raceCommand(t *testing.T, test string) *exec.Cmd {
	t.Helper()
	if race.Enabled {
		return exec.Command(os.Args[0], "-test.run=^"+test+"$")
	}
	if testing.Short() {
		t.Skip("builds with -race; skipped by -short")
	}
	out, err := exec.Command("go", "test", "-race", "-run=^$", ".").CombinedOutput()
	if err != nil {
		t.Skipf("cannot build with -race here: %v\n%s", err, out)
	}
	return exec.Command("go", "test", "-race", "-count=1", "-run=^"+test+"$", ".")
}
