package simtrace

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// hostile is a text that is a program, if it is not escaped.
const hostile = "</script><script>alert(1)</script><!-- & \"'\u2028\xff"

// pageOf is the page of a record, and the data in it.
func pageOf(t *testing.T, rec *Record, title string) (text string, data page) {
	t.Helper()
	var b strings.Builder
	if err := rec.WriteHTML(&b, title); err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(b.String(), `<script type="application/json" id="data">`)
	raw, _, found := strings.Cut(after, "</script>")
	if !found {
		t.Fatalf("there is no data in %.300s", b.String())
	}
	if err := json.Unmarshal([]byte(raw), &data); err != nil {
		t.Fatal(err)
	}
	return b.String(), data
}

func TestPageIsEscaped(t *testing.T) {
	r := &Recorder{}
	r.Begin(1, 0, func([]uintptr) Stack { return Stack{hostile, []string{hostile}} })
	r.Step(1, 0, 1, func() (string, string) { return hostile, hostile })
	r.Note(hostile)
	r.Say(Fault, Doer{}, hostile)
	r.Send(Doer{By: ByTask, ID: 1}, Packet{From: hostile, To: hostile, Src: hostile, Dst: hostile, What: hostile}, hostile)
	r.Stop(1, hostile, &Calls{1})
	r.Stall("deadlock", hostile, []Stander{{ID: 1, Name: hostile, Op: hostile, Places: []string{hostile}, Holds: []Holding{{hostile, hostile, []uint64{1}}}}})
	text, data := pageOf(t, r.Record(), hostile)
	if n := strings.Count(text, "<script"); n != 2 {
		t.Errorf("the page has %d scripts", n)
	}
	if strings.Contains(text, "<!--") || strings.Count(text, "\u2028") > 1 {
		t.Error("something is not escaped")
	}
	if want := strings.ToValidUTF8(hostile, "\ufffd"); data.Title != want || data.Tasks[0][1] != want || data.End.Text != want || data.Stacks[0][1] != want {
		t.Errorf("the page says %q, %q, %q, %q", data.Title, data.Tasks, data.End.Text, data.Stacks)
	}
	if outside := regexp.MustCompile(`(src|href)=|url\(|@import|https?://|fetch\(|XMLHttp|eval\(|innerHTML|document\.write`).FindString(text); outside != "" {
		t.Errorf("the page has %q", outside)
	}
}

func TestPageHasWhatWasRecorded(t *testing.T) {
	r := begun(100)
	for n := 1; n <= 333; n++ {
		step(r, n, uint64(n%3+1), "Event.Wait")
		r.Do(Wake, Doer{By: ByTask, ID: uint64(n%3 + 1), Now: int64(n) * 1e6}, uint64((n+1)%3+1), nil)
	}
	r.Finish()
	rec := r.Record()
	_, data := pageOf(t, rec, "x")
	now := int64(0)
	for i, s := range rec.Steps {
		now += data.Steps.Now[i]
		if data.Steps.Task[i] != s.Task || now != s.Now || data.Steps.End[i] != int(s.End) || data.Steps.Op[i] != s.Op || data.Steps.Stack[i] != s.Stack {
			t.Fatalf("step %d is another one", s.N)
		}
	}
	for i, e := range rec.Events {
		at := int(data.Events[i][2].(float64))
		if at < 0 || rec.Steps[at].N != e.Step {
			t.Fatalf("event %d of step %d is told with step %d", i, e.Step, rec.Steps[at].N)
		}
	}
	if len(data.Steps.Now) != len(rec.Steps) || len(data.Events) != len(rec.Events) || data.Missing != rec.Missing || data.Kept != rec.Kept || data.Last != now {
		t.Errorf("%d steps, %d events, %d missing after %d, the last at %d", len(data.Steps.Now), len(data.Events), data.Missing, data.Kept, data.Last)
	}
}

func TestPageOfNothing(t *testing.T) {
	if _, data := pageOf(t, (&Recorder{}).Record(), "x"); data.Steps.Task == nil || data.Bands == nil || data.End != nil {
		t.Errorf("the page of a recorder without a run has %+v", data)
	}
}

// A brokenWriter fails after some bytes.
type brokenWriter struct{ left int }

var errBroken = errors.New("broken")

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestPageThatCannotBeWritten(t *testing.T) {
	for _, left := range []int{0, 1000, 20_000} {
		if err := (&Record{}).WriteHTML(&brokenWriter{left}, "x"); !errors.Is(err, errBroken) {
			t.Errorf("after %d bytes the error is %v", left, err)
		}
	}
}

func TestBandsLastFromFaultToRepair(t *testing.T) {
	r := begun(0)
	for i, text := range []string{"partition a - b", "hold a > b", "kill c: a test", "power off d d: x", "isolate e", "reset a - b",
		"heal b - a", "release a > b", "restart c", "restart d d", "partition a > b", "heal a > c", "heal all", "kill c d: again", "restart c", "planned: loss a - b for 1s",
		"planned: reset a - b", "planned: split a from all others for good", "over: loss a - b for 1s"} {
		step(r, i+1, 1, "")
		r.Say(Fault, Doer{By: ByTask, ID: 1, Now: int64(i)}, text)
	}
	r.Finish()
	var got []string
	for _, b := range r.Record().bands() {
		got = append(got, fmt.Sprintf("%s %d-%d %v", b.Text, b.At, b.To, b.Lasts))
	}
	want := []string{"partition a - b 0-6 true", "hold a > b 1-7 true", "kill c: a test 2-8 true", "power off d d: x 3-9 true", "isolate e 4-12 true",
		"reset a - b 5--1 false", "partition a > b 10-12 true", "kill c d: again 13--1 true",
		"loss a - b for 1s 15-18 true", "reset a - b 16--1 false", "split a from all others for good 17--1 true"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the bands are\n%q, want\n%q", got, want)
	}
}
