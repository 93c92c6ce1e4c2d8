package simtrace

import (
	"fmt"
	"strings"
	"testing"
)

// begun is a recorder whose stacks have a place each.
func begun(limit int) *Recorder {
	r := &Recorder{}
	r.Begin(1, limit, func(pcs []uintptr) Stack {
		return Stack{Call: "Sleep", Places: []string{fmt.Sprintf("x.go:%d", pcs[0])}}
	})
	return r
}

// step is one step of a task that gives way or, if op is set, waits.
func step(r *Recorder, n int, id uint64, op string) {
	r.Step(uint64(n), int64(n)*1e6, id, func() (string, string) { return fmt.Sprint("task", id), "" })
	r.Stop(id, op, &Calls{uintptr(id)})
}

func TestMiddleOfALongRunIsLeftOut(t *testing.T) {
	const limit, steps = 100, 1234
	r := begun(limit)
	for n := 1; n <= steps; n++ {
		step(r, n, uint64(n%3+1), "")
		r.Note(fmt.Sprint("note ", n))
		if n > limit {
			r.Send(Doer{By: ByTask, ID: 1}, Packet{From: "a", To: "b", What: "SYN"}, "")
		}
	}
	r.Finish()
	rec := r.Record()
	if got := len(rec.Steps) + rec.Missing; got != steps || len(rec.Steps) > limit || len(rec.Steps) < limit/2 {
		t.Errorf("%d steps are kept and %d missing, of %d", len(rec.Steps), rec.Missing, steps)
	}
	if len(rec.Events) > 3*limit || len(rec.Sent) > limit {
		t.Errorf("%d events and %d messages are kept", len(rec.Events), len(rec.Sent))
	}
	for i, s := range rec.Steps {
		want := uint64(i + 1)
		if i >= rec.Kept {
			want += uint64(rec.Missing)
		}
		if s.N != want {
			t.Fatalf("at %d there is step %d, want %d", i, s.N, want)
		}
	}
	text := rec.Text(1000)
	for _, want := range []string{"note 1;", fmt.Sprintf("note %d;", steps), fmt.Sprintf("%d steps were not kept", rec.Missing)} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "note 600;") {
		t.Errorf("the middle is shown:\n%s", text)
	}
}

func TestTextIsBounded(t *testing.T) {
	r := begun(0)
	for n := 1; n <= 300; n++ {
		step(r, n, uint64(n%100+1), "")
	}
	r.Note(strings.Repeat("long ", 1000) + "\nin two lines")
	r.Finish()
	text := r.Record().Text(30)
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != 31 || lines[10] != "  … and 270 more turns" {
		t.Errorf("%d lines:\n%s", len(lines), text)
	}
	for _, line := range lines {
		if n := len([]rune(line)); n > maxLine {
			t.Errorf("a line has %d characters", n)
		}
	}
	if !strings.HasPrefix(lines[0], "  00:00:00.001  2 task2: gives way in Sleep at x.go:2") {
		t.Errorf("with 100 tasks there are lanes: %q", lines[0])
	}
}

func TestTurnsAreToldInLanes(t *testing.T) {
	r := begun(0)
	tell := func() (string, string) { return "host.Worker", "" }
	by := func(id uint64) Doer { return Doer{By: ByTask, ID: id} }
	r.Step(1, 0, 1, tell)
	r.Do(Start, by(1), 2, tell)
	r.Do(Start, by(1), 3, tell)
	r.Stop(1, "TaskGroup exit: waiting for its tasks", &Calls{1})
	step(r, 2, 2, "Event.Wait")
	r.Step(3, 2e6, 3, tell)
	r.Do(Wake, by(3), 2, nil)
	r.Ended(3, func() (End, string) { return Failed, "boom\n\ngoroutine 7 [running]:" })
	r.Cancel(Doer{By: ByTimer}, 1, nil, "")
	step(r, 4, 2, "")
	step(r, 5, 2, "")
	r.Say(Fault, Doer{By: ByOther, Now: 7e6}, "partition a - b")
	r.Step(6, 48*3600e9, 1, tell)
	r.Ended(1, func() (End, string) { return Ended, "" })
	r.Finish()
	const want = `  00:00:00.000  * . .  1 host.Worker: starts 2, 3; waits for TaskGroup exit at x.go:1
  00:00:00.002  | * .  2 host.Worker: waits for Event.Wait at x.go:2
  00:00:00.002  | . x  3 host.Worker: wakes 2; error: boom; fails
  00:00:00.004  | *    2 host.Worker: gives way in Sleep at x.go:2 (2 steps)
  00:00:00.007  | .    fault: partition a - b
  2d 00:00:00.000  x .    1 host.Worker: is canceled, its time being over; ends
`
	if got := r.Record().Text(50); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	r.LeaveOut([]uint64{2, 77})
	const without = `  00:00:00.000  * .  1 host.Worker: starts 2, 3; waits for TaskGroup exit at x.go:1
  00:00:00.002  | x  3 host.Worker: wakes 2; error: boom; fails
  00:00:00.007  |    fault: partition a - b
  2d 00:00:00.000  x    1 host.Worker: is canceled, its time being over; ends
  not shown, as they had not run when it failed: 2
`
	if got := r.Record().Text(4); got != without {
		t.Errorf("got\n%s\nwant\n%s", got, without)
	}
}

// Times have as many digits as it takes to tell turns apart.
func TestTextTellsShortTimes(t *testing.T) {
	r := begun(0)
	tell := func() (string, string) { return "worker", "" }
	r.Step(1, 0, 1, tell)
	r.Do(Start, Doer{By: ByTask, ID: 1}, 2, tell)
	r.Stop(1, "Sleep", &Calls{1})
	r.Step(2, 40_000, 2, tell)
	r.Ended(2, func() (End, string) { return Ended, "" })
	r.Finish()
	const want = `  00:00:00.000000  * .  1 worker: starts 2; waits for Sleep at x.go:1
  00:00:00.000040  | x  2 worker: ends
`
	if got := r.Record().Text(50); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPacketsOfOneStepAreOneMessage(t *testing.T) {
	r := begun(0)
	step(r, 1, 1, "")
	p := Packet{From: "a", To: "b", Src: "1", Dst: "2", Bytes: 100}
	by := Doer{By: ByTask, ID: 1, Now: 5}
	first := r.Send(by, p, "")
	if again := r.Send(by, p, ""); again != first {
		t.Error("the second packet is another message")
	}
	lost := r.Send(by, p, "lost")
	step(r, 2, 1, "")
	next := r.Send(by, p, "")
	r.Arrive(first, 7)
	r.Do(Wake, Doer{By: ByTimer, Now: 7}, 2, nil)
	r.Arrive(nil, 7)
	r.Do(Wake, Doer{By: ByTimer, Now: 8}, 2, nil)
	r.Lose(next, "dropped")
	r.Lose(first, "dropped") // a copy that is late
	r.Finish()
	rec := r.Record()
	if len(rec.Sent) != 3 || first.Bytes != 200 || first.Packets != 2 || first.Arrived != 7 || first.Fate != "" || rec.Tasks[first.For].ID != 2 {
		t.Errorf("%d messages, the first is %+v", len(rec.Sent), *first)
	}
	if lost.Fate != "lost" || next.Fate != "dropped" || next.Arrived != Never {
		t.Errorf("%+v and %+v are not lost", *lost, *next)
	}
	last := rec.Events[len(rec.Events)-2:]
	if last[0].By != ByMessage || last[0].Sent != first || last[1].By != ByTimer {
		t.Errorf("the wakes are by %+v", last)
	}
	if r.Send(by, p, "") != nil {
		t.Error("something is recorded after the end")
	}
}

func TestCyclesAreFound(t *testing.T) {
	blocked := func(task int32, depth int, op string, wanted ...int32) Blocked {
		b := Blocked{Task: task, Depth: depth, Op: op}
		if len(wanted) > 0 {
			b.Holds = []Hold{{What: "Lock", Wanted: wanted}}
		}
		return b
	}
	many := []Blocked{blocked(0, 0, "")}
	for i := range int32(50_000) {
		many = append(many, blocked(i+1, 1, "Lock.Acquire", i))
	}
	many = append(many, blocked(50_001, 1, "Lock.Acquire", 50_000))
	many[0].Holds = []Hold{{What: "Lock", Wanted: []int32{50_001}}}
	for name, c := range map[string]struct {
		tasks []Blocked
		want  string
	}{
		"none":   {[]Blocked{blocked(0, 0, "TaskGroup exit"), blocked(1, 1, "Lock.Acquire", 2), blocked(2, 1, "Lock.Acquire")}, "[]"},
		"two":    {[]Blocked{blocked(0, 0, "TaskGroup exit"), blocked(1, 1, "Lock.Acquire", 2), blocked(2, 1, "Lock.Acquire", 1)}, "[1 2]"},
		"itself": {[]Blocked{blocked(5, 0, "RWLock.Acquire", 5)}, "[5]"},
		"group":  {[]Blocked{blocked(0, 0, "TaskGroup exit", 2), blocked(1, 1, "TaskGroup exit"), blocked(2, 2, "Lock.Acquire")}, "[0 1 2]"},
		"other":  {[]Blocked{blocked(0, 0, "Event.Wait", 2), blocked(1, 1, "TaskGroup exit"), blocked(2, 2, "Lock.Acquire")}, "[]"},
	} {
		var got []int32
		for _, l := range cycle(c.tasks) {
			got = append(got, l.Task)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: the cycle is %v, want %s", name, got, c.want)
		}
	}
	if n := len(cycle(many)); n != 50_002 {
		t.Errorf("a cycle of 50,002 tasks has %d", n)
	}
}
