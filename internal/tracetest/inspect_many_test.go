package tracetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
)

// workers are a snapshot of many tasks, whose rows differ in height. Each 1,000th waits for
// the 15,000th.
func workers(n int) *inspect.Snapshot {
	waited := time.Second
	far := &inspect.Want{What: "Lock", Owners: []inspect.Owner{{Ref: inspect.Ref{Run: 1, Task: 15_000}, Name: "worker"}}}
	run := inspect.Run{ID: 1, Backend: "eventloop", Loops: 1}
	for id := range uint64(n) {
		t := inspect.Task{ID: id + 1, Name: fmt.Sprint("worker ", id+1), State: anyio.TaskWaiting, WaitsFor: "Event.Wait", Waited: &waited}
		if id/70%3 > 0 {
			t.At = []string{"server/main.go:12"}
		}
		if t.ID%1000 == 0 {
			t.Wants = far
		}
		run.Tasks = append(run.Tasks, t)
	}
	return &inspect.Snapshot{Program: "server", PID: 1, Runs: []inspect.Run{run}, Deadlocks: []inspect.Deadlock{}}
}

// manyTab opens the page of a snapshot, which is what the pointer has.
func manyTab(t *testing.T, s *atomic.Pointer[inspect.Snapshot], at string) *tab {
	mux := http.NewServeMux()
	mux.Handle("/", inspect.Handler())
	mux.HandleFunc("/tasks.json", func(w http.ResponseWriter, _ *http.Request) {
		b, err := json.Marshal(s.Load())
		if err != nil {
			t.Error(err)
		}
		w.Write(b) // the page may be closed by now
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return openFor(t, server.URL+"/"+at, shown+" > 0", server.URL+"/", server.URL+"/tasks.json")
}

const (
	fewRows = `(n => n > 10 && n < 500)(document.querySelectorAll('.task').length)`
	// rowTop is where a row is in the window, -1 if it is not there.
	rowTop = `(e => { if (!e) return -1; const b = e.getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight ? b.top : -1; })($('r1t%d'))`
)

// scrolled tells whether a row in sight moves as far as was scrolled.
const scrolled = `(async () => {
	const frame = () => new Promise(requestAnimationFrame);
	for (let i = 0; i < 60; i++) {
		const [id, b] = seen()[2];
		scrollBy(0, -200);
		await frame(); await frame(); await frame();
		if (Math.abs($(id).getBoundingClientRect().top - b.top - 200) > 1) return false;
	}
	return true;
})()`

func TestPageOfManyTasks(t *testing.T) {
	var s atomic.Pointer[inspect.Snapshot]
	s.Store(workers(20_000))
	p := manyTab(t, &s, "")
	inView := func(id int) string { return fmt.Sprintf(rowTop+" >= 0", id) }
	p.want(shown + ` === 20000`)
	p.want(inView(1) + ` && ` + fewRows)

	// All can be scrolled to.
	p.until(`(scrollTo(0, document.body.scrollHeight), ` + inView(20_000) + `)`)
	p.want(fewRows)
	p.until(`(scrollTo(0, document.body.scrollHeight / 2), document.querySelector('.task + .task') && ` + fewRows + ` && !$('r1t20000') && !$('r1t1'))`)
	p.want(`[...document.querySelectorAll('.task')].some(e => (b => b.top >= 0 && b.bottom <= innerHeight)(e.getBoundingClientRect()))`)

	// A link leads far.
	p.until(`(scrollTo(0, 0), ` + inView(1) + ` && !$('r1t15000'))`)
	p.want(`(location.hash = 'r1t1000', true)`)
	p.until(inView(1000))
	p.do(chromedp.Click("#r1t1000 a"))
	p.until(inView(15_000))
	p.want(`$('r1t15000').matches('.hit') && document.querySelectorAll('.hit').length === 1 && ` + fewRows)
	p.picture("many-link")

	// A redraw moves nothing, also if many tasks before have ended.
	stays := func(what string) {
		t.Helper()
		before := eval[float64](p, fmt.Sprintf(rowTop, 15_000))
		p.want("look().then(() => true)")
		if after := eval[float64](p, fmt.Sprintf(rowTop, 15_000)); after < before-1 || after > before+1 {
			t.Errorf("%s: the row was at %.1f, is at %.1f", what, before, after)
		}
		p.want(`$('r1t15000').matches('.hit') && ` + fewRows)
	}
	stays("a redraw")
	less := workers(20_000)
	less.Runs[0].Tasks = slices.Delete(less.Runs[0].Tasks, 2000, 9003)
	s.Store(less)
	stays("fewer tasks")
	s.Store(workers(20_000))
	stays("more tasks")

	// Scrolled upwards into what was never drawn, rows move as far as was scrolled.
	p.want(scrolled)
	p.want(`(reveal(), ` + inView(15_000) + `)`)

	// The focus stays where it is, even out of sight.
	p.want(`(document.querySelector('#r1t15000 a').focus(), document.activeElement.closest('.task').id === 'r1t15000')`)
	p.until(`(scrollTo(0, 0), ` + inView(1) + `)`)
	p.want(`look().then(() => document.activeElement.closest('.task')?.id === 'r1t15000' && scrollY === 0 && ` + fewRows + `)`)

	// All are searched.
	p.enter("search", "worker 19999")
	p.want(shown + ` === 1 && document.querySelector('.task').id === 'r1t19999' && document.querySelectorAll('.task').length === 1`)
	p.want(`(location.hash = 'r1t19000', true)`)
	p.until(inView(19_000))
	p.want(`$('search').value === '' && $('r1t19000').matches('.hit') && ` + shown + ` === 20000`)
	p.enter("search", "main.go")
	p.want(shown + ` > 10000 && ` + fewRows)
}

// The address of the page may name a task.
func TestPageOpenedAtATask(t *testing.T) {
	var s atomic.Pointer[inspect.Snapshot]
	s.Store(workers(20_000))
	p := manyTab(t, &s, "#r1t17000")
	p.until(fmt.Sprintf(rowTop+" >= 0", 17_000))
	p.want(`$('r1t17000').matches('.hit') && ` + fewRows)
}

// manyRuns are a snapshot of so many runs of two tasks each, on event loops. Of 60 the tasks
// wait for each other.
func manyRuns(n uint64) *inspect.Snapshot {
	s := &inspect.Snapshot{Program: "server", PID: 1}
	waited := time.Second
	for id := uint64(1); id <= n; id++ {
		r := inspect.Run{ID: id, Backend: "eventloop", Loops: 1, Statistics: []inspect.LoopStatistics{{Turns: id, Behind: time.Duration(id) * time.Millisecond}}}
		for task := uint64(1); task <= 2; task++ {
			r.Tasks = append(r.Tasks, inspect.Task{ID: task, Name: fmt.Sprint("worker ", id, " ", task), State: anyio.TaskWaiting, WaitsFor: "Event.Wait", Waited: &waited})
		}
		if id == 7000 {
			r.Held = []inspect.HeldLoop{{Task: 2, For: time.Second}}
		}
		if id <= 60 {
			one, two := inspect.Ref{Run: id, Task: 1}, inspect.Ref{Run: id, Task: 2}
			s.Deadlocks = append(s.Deadlocks, inspect.Deadlock{Circle: []inspect.Link{{Ref: one, Name: "one", What: "Lock"}, {Ref: two, Name: "two", What: "Lock"}}})
		}
		s.Runs = append(s.Runs, r)
	}
	return s
}

// The headings of runs, and what is told below them, are near the window as well.
func TestPageOfManyRuns(t *testing.T) {
	const runs = 10_000
	const few = `(n => n > 1 && n < 300)(document.querySelectorAll('#runs h2').length)`
	var s atomic.Pointer[inspect.Snapshot]
	s.Store(manyRuns(runs))
	p := manyTab(t, &s, "#r7000t2")
	inView := func(run int) string {
		return fmt.Sprintf(`(e => !!e && (b => b.top >= 0 && b.bottom <= innerHeight)(e.getBoundingClientRect()))($('r%dt2'))`, run)
	}
	p.until(inView(7000))
	p.want(shown + ` === 20000 && ` + few)
	p.picture("many-runs")
	p.want(`[...document.querySelectorAll('#runs h2')].some(e => e.textContent === 'Run 7000 on eventloop, 2 tasks')`)
	p.want(`$('runs').innerText.includes('event loop: 0 ready, timers up to 7.00 s late')`)
	p.want(`$('runs').innerText.includes('event loop is held up for 1.00 s by worker 7000 2 #2')`)
	p.want(scrolled)
	p.until(`(scrollTo(0, document.body.scrollHeight), ` + inView(runs) + `)`)
	p.want(`look().then(() => ` + inView(runs) + ` && ` + few + `)`)
	p.want(`document.querySelectorAll('#deadlocks .box').length === 50 && $('deadlocks').innerText.includes('and 10 deadlocks more')`)
	p.enter("search", "worker 9999 ")
	p.want(shown + ` === 2 && $('runs').innerText.startsWith('Run 9999 on eventloop, 2 tasks')`)
}
