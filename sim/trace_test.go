package sim_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/simtrace"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
)

// record runs a program and returns what was recorded of it.
func record(cfg sim.Config, main func(ctx context.Context, tr *sim.Trace, tg *anyio.TaskGroup) error) (*simtrace.Record, *sim.Trace, error) {
	cfg.Trace = &sim.Trace{}
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error { return main(ctx, cfg.Trace, tg) })
	}, anyio.On(sim.New(cfg)), anyio.MainName("main"))
	return cfg.Trace.Record(), cfg.Trace, err
}

// happened looks for an event of a kind that one task did to another; "" is any.
func happened(rec *simtrace.Record, kind simtrace.Kind, by simtrace.By, who, whom string) *simtrace.Event {
	is := func(task int32, name string) bool { return name == "" || task >= 0 && rec.Tasks[task].Name == name }
	for i, e := range rec.Events {
		if e.Kind == kind && e.By == by && is(e.Who, who) && is(e.Task, whom) {
			return &rec.Events[i]
		}
	}
	return nil
}

func wantEvent(t *testing.T, rec *simtrace.Record, kind simtrace.Kind, by simtrace.By, who, whom string) *simtrace.Event {
	t.Helper()
	e := happened(rec, kind, by, who, whom)
	if e == nil {
		t.Fatalf("no event %d by %d, %q to %q, in\n%s", kind, by, who, whom, rec.Text(1000))
	}
	return e
}

// ended is how the steps of a task ended.
func ended(rec *simtrace.Record, name string) (ends []simtrace.Step) {
	for _, s := range rec.Steps {
		if s.Task >= 0 && rec.Tasks[s.Task].Name == name {
			ends = append(ends, s)
		}
	}
	return ends
}

func TestTraceTellsWhatTasksDo(t *testing.T) {
	rec, tr, err := record(sim.Config{}, func(ctx context.Context, tr *sim.Trace, tg *anyio.TaskGroup) error {
		var ready anyio.Event
		tg.Go(func(ctx context.Context) error { return ready.Wait(ctx) }, anyio.Name("waiter"))
		tg.Go(func(ctx context.Context) error {
			if err := anyio.Sleep(ctx, time.Second); err != nil {
				return err
			}
			tr.Note("it is time")
			ready.Set()
			return nil
		}, anyio.Name("setter"))
		tg.Go(func(ctx context.Context) error {
			_, _ = anyio.MoveOnAfter(ctx, time.Minute, anyio.SleepForever)
			return anyio.SleepForever(ctx)
		}, anyio.Name("sleeper"))
		tg.Go(func(ctx context.Context) error {
			if err := anyio.Sleep(ctx, time.Hour); err != nil {
				return err
			}
			return errors.New("that will do")
		}, anyio.Name("failing"))
		return nil
	})
	if err == nil {
		t.Fatal("no error")
	}
	wantEvent(t, rec, simtrace.Start, simtrace.ByTask, "main", "waiter")
	wantEvent(t, rec, simtrace.Wake, simtrace.ByTask, "setter", "waiter")
	if e := wantEvent(t, rec, simtrace.Wake, simtrace.ByTimer, "", "setter"); e.Now != int64(time.Second) {
		t.Errorf("the timer fired at %d", e.Now)
	}
	if e := wantEvent(t, rec, simtrace.Cancel, simtrace.ByTimer, "", "sleeper"); e.Now != int64(time.Minute) {
		t.Errorf("the deadline was at %d", e.Now)
	}
	wantEvent(t, rec, simtrace.Cancel, simtrace.ByTask, "failing", "sleeper")
	if e := wantEvent(t, rec, simtrace.Fail, simtrace.ByTask, "failing", "failing"); e.Text != "that will do" {
		t.Errorf("it failed with %q", e.Text)
	}
	if e := wantEvent(t, rec, simtrace.Note, simtrace.ByTask, "setter", ""); e.Text != "it is time" {
		t.Errorf("the note is %q", e.Text)
	}
	if !strings.Contains(rec.Err, "that will do") {
		t.Errorf("the error of the run is %q", rec.Err)
	}
	for name, want := range map[string]simtrace.End{"waiter": simtrace.Ended, "sleeper": simtrace.Canceled, "failing": simtrace.Failed, "main": simtrace.Failed} {
		if ends := ended(rec, name); ends[len(ends)-1].End != want {
			t.Errorf("%s has ended with %d, want %d", name, ends[len(ends)-1].End, want)
		}
	}
	waits := 0
	for _, s := range ended(rec, "waiter") {
		if s.End == simtrace.Waits {
			waits++
			st := rec.Stacks[s.Stack]
			if rec.Ops[s.Op] != "Event.Wait" || st.Call != "Event.Wait" || !strings.HasPrefix(st.Places[0], "sim/trace_test.go:") {
				t.Errorf("it waits for %q in %q at %q", rec.Ops[s.Op], st.Call, st.Places)
			}
		}
	}
	if waits != 1 {
		t.Errorf("the waiter waits %d times", waits)
	}
	if text := tr.Text(100); !strings.Contains(text, "setter: note: it is time; wakes 2; ends") || strings.Contains(text, "each other") {
		t.Errorf("the text is\n%s", text)
	}
}

// talk sends from host a to host b, by a connection and by datagrams, with faults.
func talk(ctx context.Context, tg *anyio.TaskGroup) error {
	var up anyio.Event
	tg.Go(func(ctx context.Context) error {
		return sim.RunOnHost(ctx, "b", func(ctx context.Context) error {
			l, err := socket.ListenTCP(ctx, "", 80)
			if err != nil {
				return err
			}
			defer l.Close(ctx)
			up.Set()
			conn, err := l.Accept(ctx)
			if err != nil {
				return err
			}
			defer conn.Close(ctx)
			tg.Go(func(ctx context.Context) error {
				for got := 0; got < 8000; {
					n, err := conn.Receive(ctx, make([]byte, 1<<16))
					if got += n; err != nil {
						return err
					}
				}
				return nil
			}, anyio.Name("reader"))
			return anyio.SleepForever(ctx)
		})
	}, anyio.Name("server"))
	tg.Go(func(ctx context.Context) error {
		return sim.RunOnHost(ctx, "a", func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, inner *anyio.TaskGroup) error {
				inner.Go(func(ctx context.Context) error {
					defer tg.Cancel("done")
					if err := up.Wait(ctx); err != nil {
						return err
					}
					conn, err := socket.DialTCP(ctx, "b", 80)
					if err != nil {
						return err
					}
					defer conn.Close(ctx)
					net := sim.NetworkOf(ctx)
					if err := conn.Send(ctx, make([]byte, 5000)); err != nil {
						return err
					}
					if err := anyio.Sleep(ctx, time.Second); err != nil {
						return err
					}
					net.Partition("a", "b")
					if err := conn.Send(ctx, make([]byte, 3000)); err != nil {
						return err
					}
					if err := anyio.Sleep(ctx, time.Second); err != nil {
						return err
					}
					net.Heal("a", "b")
					return anyio.Sleep(ctx, time.Minute)
				}, anyio.Name("client"))
				return nil
			})
		})
	}, anyio.Name("host a"))
	return nil
}

func TestTraceTellsWhatIsSent(t *testing.T) {
	rec, tr, err := record(sim.Config{Model: sim.Goroutines}, func(ctx context.Context, tr *sim.Trace, tg *anyio.TaskGroup) error { return talk(ctx, tg) })
	testkit.Must(t, err)
	var data, lost, again, control int
	for _, m := range rec.Sent {
		switch {
		case m.Control:
			control++
		case m.Bytes == 0:
		case m.From != "a" || m.To != "b" || m.Dst != "80":
			t.Errorf("a message %+v", *m)
		case m.Fate == "dropped: partition":
			lost++
		case m.By == simtrace.ByTask:
			data += m.Bytes
			if m.Arrived-m.Sent != int64(time.Millisecond) || m.Packets != 4 || rec.Tasks[m.Who].Name != "client" || rec.Tasks[m.Who].Host != "a" {
				t.Errorf("a message %+v", *m)
			}
		case m.What == "again" && m.By != simtrace.ByTask:
			again += m.Bytes
		}
	}
	if data != 5000 || lost != 3 || again < 3000-1460 || control == 0 {
		t.Errorf("%d bytes have arrived, %d messages were lost, %d bytes sent again, %d said that something has arrived:\n%s", data, lost, again, control, tr.Text(1000))
	}
	if e := wantEvent(t, rec, simtrace.Wake, simtrace.ByMessage, "", "reader"); e.Sent.Bytes == 0 || rec.Tasks[e.Sent.For].Name != "reader" {
		t.Errorf("the reader is woken by %+v", *e.Sent)
	}
	wantEvent(t, rec, simtrace.Send, simtrace.ByTask, "client", "")
	if e := wantEvent(t, rec, simtrace.Fault, simtrace.ByTask, "client", ""); e.Text != "partition a - b" {
		t.Errorf("the fault is %q", e.Text)
	}
	for _, want := range []string{"sends SYN to b:80", "sends 5000 bytes to b:80", "fault: heal a - b", "(dropped: partition)", "gets 1460 bytes again from a:49152"} {
		if !strings.Contains(tr.Text(1000), want) {
			t.Errorf("no %q in\n%s", want, tr.Text(1000))
		}
	}
}

func TestTraceTellsWhoWaitsForWhom(t *testing.T) {
	rec, tr, err := record(sim.Config{}, func(ctx context.Context, tr *sim.Trace, tg *anyio.TaskGroup) error {
		var a anyio.Lock
		var b anyio.RWLock
		var first, second anyio.Event
		tg.Go(func(ctx context.Context) error {
			return a.Do(ctx, func(ctx context.Context) error {
				first.Set()
				if err := second.Wait(ctx); err != nil {
					return err
				}
				return b.DoRead(ctx, func(ctx context.Context) error { return nil })
			})
		}, anyio.Name("reads"))
		tg.Go(func(ctx context.Context) error {
			return b.Do(ctx, func(ctx context.Context) error {
				second.Set()
				if err := first.Wait(ctx); err != nil {
					return err
				}
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error { return a.Acquire(ctx) }, anyio.Name("child"))
					return nil
				})
			})
		}, anyio.Name("writes"))
		return nil
	})
	var dead *sim.DeadlockError
	if !errors.As(err, &dead) || rec.Stall == nil || rec.Stall.Kind != "deadlock" {
		t.Fatalf("the run has ended with %v", err)
	}
	if n := len(rec.Stall.Cycle); n != 3 {
		t.Errorf("the cycle has %d tasks:\n%s", n, tr.Text(100))
	}
	_, cycle, _ := strings.Cut(tr.Text(100), "they wait for each other:\n")
	for _, want := range []string{"2 reads waits for the RWLock that 3 writes holds since sim/trace_test.go:", "3 writes waits for the end of 4 child", "4 child waits for the Lock that 2 reads holds since sim/trace_test.go:"} {
		if !strings.Contains(cycle, want) {
			t.Errorf("no %q in\n%s", want, cycle)
		}
	}
	if !strings.Contains(rec.Stall.Text, "Lock.Acquire") {
		t.Errorf("the report is %q", rec.Stall.Text)
	}
}

func TestTraceTellsHowARunIsEnded(t *testing.T) {
	busy := func(ctx context.Context, _ *sim.Trace, tg *anyio.TaskGroup) error {
		for {
			if err := anyio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
	}
	stuck := func(context.Context, *sim.Trace, *anyio.TaskGroup) error {
		doesNotComeBack(func() { <-make(chan int) })
		return nil
	}
	for kind, c := range map[string]struct {
		cfg  sim.Config
		main func(context.Context, *sim.Trace, *anyio.TaskGroup) error
	}{
		"livelock": {sim.Config{MaxSteps: 100}, busy},
		"stuck":    {sim.Config{StepTimeout: shortStep}, stuck},
		"timers": {sim.Config{MaxWait: time.Second}, func(ctx context.Context, _ *sim.Trace, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return new(anyio.Event).Wait(ctx) })
			for {
				if err := anyio.Sleep(ctx, time.Second); err != nil {
					return err
				}
			}
		}},
	} {
		rec, _, err := record(c.cfg, c.main)
		if err == nil || rec.Stall == nil || rec.Stall.Kind != kind || len(rec.Stall.Tasks) == 0 {
			t.Errorf("%s: the record ends with %+v, the run with %v", kind, rec.Stall, err)
		}
	}
}

func TestTraceIsOfTheLastRun(t *testing.T) {
	var tr sim.Trace
	if text := tr.Text(10); text != "" {
		t.Errorf("before any run it is %q", text)
	}
	tr.Note("nobody runs")
	for _, name := range []string{"first", "second"} {
		testkit.Must(t, anyio.Run(context.Background(), func(ctx context.Context) error { return anyio.Sleep(ctx, 0) },
			anyio.On(sim.New(sim.Config{Trace: &tr})), anyio.MainName(name)))
		tr.Note("it is over")
		if text := tr.Text(10); strings.Count(text, "\n") != 1 || !strings.Contains(text, "1 "+name+": ends (2 steps)") {
			t.Errorf("after the %s run it is\n%s", name, text)
		}
	}
}

// Of a Select that need not wait only the trace tells what it took.
func TestTraceTellsWhichCaseASelectTakes(t *testing.T) {
	for seed := range uint64(8) {
		took := 0
		rec, _, err := record(sim.Config{Seed: seed}, func(ctx context.Context, tr *sim.Trace, tg *anyio.TaskGroup) (err error) {
			var a, b anyio.Event
			a.Set()
			b.Set()
			took, err = anyio.Select(ctx, anyio.OnEvent(&a), anyio.OnEvent(&b))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprint("Select takes case ", took)
		if e := wantEvent(t, rec, simtrace.Note, simtrace.ByTask, "main", ""); e.Text != want {
			t.Errorf("the note is %q, want %q", e.Text, want)
		}
	}
}

// Whom no task cancels is canceled for the reason that the trace tells: a host that is killed
// by a planned fault is no deadline.
func TestTraceTellsWhyATaskIsCanceled(t *testing.T) {
	var trace sim.Trace
	cfg := sim.Config{Seed: 1, Trace: &trace, Faults: sim.Faults{Max: 1, Kinds: []sim.FaultKind{sim.FaultKill}, Hosts: []string{"db"}, From: time.Second, Until: time.Minute}}
	testkit.Must(t, anyio.Run(t.Context(), func(ctx context.Context) error {
		_, err := anyio.MoveOnAfter(ctx, 2*time.Minute, func(ctx context.Context) error {
			return sim.RunOnHost(ctx, "db", anyio.SleepForever)
		})
		return err
	}, anyio.On(sim.New(cfg)), anyio.MainName("main")))
	text := trace.Text(100)
	killed := strings.Index(text, `main: is canceled: host "db": kill: planned`)
	late := strings.Index(text, "main: is canceled, its time being over")
	if killed < 0 || late < killed || strings.Count(text, "is canceled") != 2 {
		t.Errorf("the text is\n%s", text)
	}
}
