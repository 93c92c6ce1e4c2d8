package schedule_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/schedule"
)

// What was recorded is made again, and a run that is made of usual choices has nothing to be
// recorded.
func TestScriptMakesTheRunAgain(t *testing.T) {
	p := &program{steps: []int{4, 5, 6, 3}, starts: map[event]int{{0, 0}: 1, {0, 2}: 2, {2, 1}: 3},
		blocks: map[event]event{{1, 2}: {2, 1}, {0, 3}: {3, 2}}}
	for seed := range uint64(500) {
		for _, s := range []schedule.Strategy{schedule.Random{}, schedule.PCT{Depth: 4}, schedule.URW{}, schedule.Kinds{}, schedule.Sticky{}, schedule.Rounds{}} {
			var first, again schedule.Tasks
			rec := schedule.Record(s.Begin(seed, nil), &first)
			want := p.run(t, &first, rec)
			script := schedule.NewScript(rec.Switches())
			twice := schedule.Record(script.Begin(&again), &again)
			if got := p.run(t, &again, twice); got != want {
				t.Fatalf("%v %d: the run was %s, the script makes %s", s, seed, want, got)
			}
			if !slices.Equal(rec.Switches(), twice.Switches()) {
				t.Fatalf("%v %d: the switches were %v, then %v", s, seed, rec.Switches(), twice.Switches())
			}
		}
	}
	var ts schedule.Tasks
	rec := schedule.Record(schedule.NewScript(nil).Begin(&ts), &ts)
	// a waits for d, then the oldest that is ready goes on: b, until it waits for c. That
	// makes b ready soon, but goes on.
	if got := p.run(t, &ts, rec); got != "aaabbccccccbbbddda" || len(rec.Switches()) != 0 {
		t.Errorf("usual choices make %s, with the switches %v", got, rec.Switches())
	}
}

// A script goes on where a step was left out, and makes the usual choices where it does not fit.
func TestScriptOfAnotherProgram(t *testing.T) {
	p := begun(5, 5)
	var ts schedule.Tasks
	rec := schedule.Record(schedule.Random{}.Begin(3, nil), &ts)
	p.run(t, &ts, rec)
	for i := range rec.Switches() {
		fewer := slices.Delete(slices.Clone(rec.Switches()), i, i+1)
		var ts schedule.Tasks
		if got := p.run(t, &ts, schedule.NewScript(fewer).Begin(&ts)); len(got) != 14 {
			t.Errorf("without switch %d: %s", i, got)
		}
	}
	other := begun(2, 1)
	ts = schedule.Tasks{}
	if got := other.run(t, &ts, schedule.NewScript(rec.Switches()).Begin(&ts)); len(got) != 7 {
		t.Errorf("another program: %s", got)
	}
}

func TestPlanAsAWord(t *testing.T) {
	for _, p := range []*schedule.Plan{
		{},
		{Seed: 1<<64 - 1, Model: 1, StepMin: time.Microsecond, StepMax: time.Hour, Hash: 1 << 63},
		{Seed: 7, Switches: []schedule.Switch{{To: 1}, {After: 1, Step: 1, To: 1 << 60}, {After: 1 << 60, Step: 300, To: 1}}},
		{Drawn: true},
		{Drawn: true, Late: []uint64{3}, Faults: []schedule.Fault{{Kind: schedule.Reset, Hosts: []string{"a"}}},
			Switches: []schedule.Switch{{To: 1}}, Draws: []schedule.Draw{{In: 1, Step: 1, Chosen: 1}, {In: 1 << 60, Step: 300, Nth: 2, Chosen: 200}}},
	} {
		word := p.String()
		got, err := schedule.Parse(word)
		if err != nil || fmt.Sprint(*got) != fmt.Sprint(*p) {
			t.Errorf("%v became %v, error %v", p, got, err)
		}
		if strings.ContainsAny(word, " \t\n'\"$&;|") {
			t.Errorf("%q is no word for a command line", word)
		}
		for i := range word {
			for _, wrong := range []string{word[:i], word[:i] + "A" + word[i+1:], word[:i] + word[i+1:]} {
				if wrong == word {
					continue
				}
				if _, err := schedule.Parse(wrong); err == nil {
					t.Errorf("%q is taken for %q", wrong, word)
				} else if !strings.HasPrefix(err.Error(), "schedule ") {
					t.Errorf("%q: %v", wrong, err)
				}
			}
		}
	}
}

// A word that tells a choice which there cannot be is refused.
func TestWordsOfImpossibleDraws(t *testing.T) {
	for chosen, ok := range map[int]bool{1: true, 0: false, -1: false} {
		p := &schedule.Plan{Drawn: true, Draws: []schedule.Draw{{In: 1, Step: 1, Chosen: chosen}}}
		if _, err := schedule.Parse(p.String()); (err == nil) != ok {
			t.Errorf("of %d cases that are passed over: error %v", chosen, err)
		}
	}
}

// Words of versions before this one are understood.
func TestOldWords(t *testing.T) {
	for word, want := range map[string]*schedule.Plan{
		"s1.AQcAgJTr3AMFAAAAAAAAAAIBAAAAAAAAAAMAAAAAAAAAAAABAQICF8pkCw": {Seed: 7, Model: 1, StepMax: time.Second, Hash: 5,
			Switches: []schedule.Switch{{To: 1}, {After: 1, Step: 2, To: 3}}},
		"s2.AAcAAAAAAAAAAAAAAQOAlOvcAwABAWEBAQAAAAAAAAAAAAGZkeRX": {Seed: 7, Switches: []schedule.Switch{{To: 1}},
			Faults: []schedule.Fault{{Kind: schedule.Kill, At: time.Second, For: -1, Hosts: []string{"a"}}}},
		"s3.AAcAAAAAAAAAAAAAAAEJAAAAAAAAAAEBAAAAAAAAAAAAAaBT5os": {Seed: 7, Late: []uint64{9}, Switches: []schedule.Switch{{To: 1}}},
	} {
		got, err := schedule.Parse(word)
		if err != nil || fmt.Sprint(*got) != fmt.Sprint(*want) || got.String() != word {
			t.Errorf("%s became %v, error %v, want %v", word, got, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("s1.AAAA")
	f.Add((&schedule.Plan{Switches: []schedule.Switch{{To: 1}}}).String())
	f.Add("s2.AAAA")
	for _, p := range []schedule.Plan{
		{Faults: []schedule.Fault{{}}},
		{Faults: []schedule.Fault{{Kind: schedule.Reset, At: time.Hour, Hosts: []string{"a", ""}}}},
		{Faults: []schedule.Fault{{Kind: schedule.Kill, For: -1, Hosts: []string{"primary"}}, {Kind: schedule.Split, At: 1, For: 1, Hosts: []string{"a", "b"}}},
			Switches: []schedule.Switch{{To: 1}, {After: 1, Step: 3, To: 2}}},
		{Drawn: true, Switches: []schedule.Switch{{To: 1}}, Draws: []schedule.Draw{{In: 1, Step: 2, Chosen: 3}, {In: 2, Step: 1, Nth: 1, Chosen: 1}}},
	} {
		f.Add(p.String())
	}
	f.Fuzz(func(t *testing.T, word string) {
		p, err := schedule.Parse(word)
		if err != nil {
			return
		}
		if again, err := schedule.Parse(p.String()); err != nil || fmt.Sprint(*again) != fmt.Sprint(*p) {
			t.Errorf("%v became %v, error %v", p, again, err)
		}
	})
}
