package schedule_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/schedule"
)

// ordinary are faults as they are by default.
var ordinary = schedule.FaultRange{Max: 3, Until: 10 * time.Second, Shortest: time.Millisecond, Longest: 30 * time.Second}

func TestFaultsAreDrawnFromTheirSeed(t *testing.T) {
	numbers, kinds := map[int]int{}, map[schedule.FaultKind]int{}
	short, early := 0, 0
	total := 0
	for seed := range uint64(3000) {
		faults := ordinary.Draw(seed, nil)
		if again := ordinary.Draw(seed, nil); fmt.Sprint(faults) != fmt.Sprint(again) {
			t.Fatalf("seed %d: %v, then %v", seed, faults, again)
		}
		numbers[len(faults)]++
		if !slices.IsSortedFunc(faults, func(a, b schedule.Fault) int { return int((a.At - b.At) / time.Microsecond) }) {
			t.Fatalf("not by time: %v", faults)
		}
		for _, f := range faults {
			total++
			kinds[f.Kind]++
			if f.At < 0 || f.At >= ordinary.Until || f.Pick == 0 {
				t.Fatalf("%+v", f)
			}
			if f.At < ordinary.Until/2 {
				early++
			}
			switch {
			case f.Kind == schedule.Reset:
				if f.For != 0 {
					t.Fatalf("a reset lasts %v", f.For)
				}
			case f.For < ordinary.Shortest || f.For > ordinary.Longest:
				t.Fatalf("%+v", f)
			case f.For < 173*time.Millisecond: // the middle by doublings
				short++
			}
		}
	}
	for n := 1; n <= 3; n++ {
		if numbers[n] < 900 || numbers[n] > 1100 {
			t.Errorf("%d of 3000 runs have %d faults", numbers[n], n)
		}
	}
	for _, k := range schedule.FaultKinds() {
		if n := kinds[k]; n < total/9*8/10 || n > total/9*12/10 {
			t.Errorf("%d of %d faults are a %v", n, total, k)
		}
	}
	if early < total*45/100 || early > total*55/100 {
		t.Errorf("%d of %d faults are in the first half", early, total)
	}
	if lasting := total - kinds[schedule.Reset]; short < lasting*40/100 || short > lasting*60/100 {
		t.Errorf("%d of %d faults are short", short, lasting)
	}
}

func TestFaultsKeepToTheirRange(t *testing.T) {
	c := schedule.FaultRange{Max: 20, Kinds: []schedule.FaultKind{schedule.Kill, schedule.Loss}, From: time.Second, Until: 2 * time.Second,
		Shortest: time.Second, Longest: time.Second, Lasting: true, Over: true}
	lasting, all := 0, 0
	for seed := range uint64(300) {
		for _, f := range c.Draw(seed, []time.Duration{0, 1500 * time.Millisecond, time.Hour}) {
			all++
			if f.Kind != schedule.Kill && f.Kind != schedule.Loss || f.At < c.From || f.At+max(f.For, 0) > c.Until {
				t.Fatalf("%+v", f)
			}
			if f.For < 0 {
				lasting++
			}
		}
	}
	if lasting < all/5 || lasting > all*3/10 {
		t.Errorf("%d of %d last to the end", lasting, all)
	}
	for _, c := range []schedule.FaultRange{{Max: 1, Until: 1, Shortest: 1, Longest: 1}, {Max: 1, Until: 1<<63 - 1, Shortest: 1, Longest: 1<<63 - 1}} {
		for seed := range uint64(1000) {
			for _, f := range c.Draw(seed, []time.Duration{0}) {
				if f.At < 0 || f.At >= c.Until || f.Kind != schedule.Reset && (f.For < 1 || f.For > c.Longest) {
					t.Fatalf("%+v of %+v", f, c)
				}
			}
		}
	}
}

// What lies between two packets is hit though nearly all of the time nothing happens.
func TestFaultsBeginWhereSomethingHappens(t *testing.T) {
	busy := []time.Duration{time.Second, 9 * time.Second, 9*time.Second + 2*time.Millisecond}
	hit, all := 0, 0
	for seed := range uint64(2000) {
		for _, f := range ordinary.Draw(seed, busy) {
			all++
			if f.At >= busy[1] && f.At < busy[2] {
				hit++
			}
		}
	}
	if hit < all/8 || hit > all/5 { // a third of one half
		t.Errorf("%d of %d faults are between the last two packets", hit, all)
	}
}

func TestFaultsAsAWord(t *testing.T) {
	p := &schedule.Plan{Seed: 3, Model: 1, Hash: 7, Switches: []schedule.Switch{{To: 1}}}
	plain := p.String()
	if !strings.HasPrefix(plain, "s1.") {
		t.Errorf("a schedule without faults is %s", plain)
	}
	p.Faults = []schedule.Fault{
		{Kind: schedule.Partition, At: time.Second, For: time.Millisecond, Hosts: []string{"a", "höst with a long name"}},
		{Kind: schedule.Reset, Hosts: []string{"b", "a"}},
		{Kind: schedule.Split, At: 1<<63 - 1, For: -1, Hosts: []string{"a", "b", "c"}},
		{Kind: schedule.Kill, At: 5},
	}
	word := p.String()
	got, err := schedule.Parse(word)
	if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", p) {
		t.Errorf("%+v became %+v, %v", p, got, err)
	}
	for i := range word {
		if _, err := schedule.Parse(word[:i]); err == nil {
			t.Errorf("%q is taken for a schedule", word[:i])
		}
	}
	p.Faults[3].Kind = schedule.Reset + 1
	if _, err := schedule.Parse(p.String()); err == nil {
		t.Error("a kind that does not exist is taken")
	}
}

func TestFaultsAsText(t *testing.T) {
	for want, f := range map[string]schedule.Fault{
		"partition a - b for 1s":             {Kind: schedule.Partition, For: time.Second, Hosts: []string{"a", "b"}},
		"one-way partition a > b for 1s":     {Kind: schedule.OneWay, For: time.Second, Hosts: []string{"a", "b"}},
		"split a b from all others for good": {Kind: schedule.Split, For: -1, Hosts: []string{"a", "b"}},
		"kill a, restart after 2ms":          {Kind: schedule.Kill, For: 2 * time.Millisecond, Hosts: []string{"a"}},
		"power off a for good":               {Kind: schedule.PowerOff, For: -1, Hosts: []string{"a"}},
		"power off a, restart after 1m0s":    {Kind: schedule.PowerOff, For: time.Minute, Hosts: []string{"a"}},
		"loss a - b for 0s":                  {Kind: schedule.Loss, Hosts: []string{"a", "b"}},
		"reset a - b":                        {Kind: schedule.Reset, Hosts: []string{"a", "b"}},
		"FaultKind(77)  for good":            {Kind: 77, For: -1},
	} {
		if got := f.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The numbers of kinds are in words, so that they must stay as they are.
func TestKindsOfFaults(t *testing.T) {
	names := []string{"partition", "one-way partition", "split", "kill", "power off", "loss", "delay", "duplicate", "reset"}
	all := schedule.FaultKinds()
	if len(all) != len(names) {
		t.Fatalf("there are %d kinds, want %d", len(all), len(names))
	}
	for i, k := range all {
		if int(k) != i || k.String() != names[i] || !k.Valid() || k.Instant() != (names[i] == "reset") {
			t.Errorf("kind %d is %d, %v, valid: %t, instant: %t; want %s", i, k, k, k.Valid(), k.Instant(), names[i])
		}
	}
	if next := schedule.FaultKind(len(names)); next.Valid() || next.String() != "FaultKind(9)" {
		t.Errorf("the kind after the last is %v", next)
	}
}
