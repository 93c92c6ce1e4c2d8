package tracetest_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
)

// nested are a snapshot of so many tasks, the first 30 of them each below the one before.
// Each has waited for as many seconds as its number tells. There is a deadlock of 70 tasks,
// with 60 behind.
func nested(n int) *inspect.Snapshot {
	run := inspect.Run{ID: 1, Backend: "parallel", Loops: 1}
	for id := range uint64(n) {
		waited := time.Duration(id+1) * time.Second
		t := inspect.Task{ID: id + 1, Name: fmt.Sprint("task ", id+1), Depth: min(int(id), 29), State: anyio.TaskWaiting, WaitsFor: "Event.Wait", Waited: &waited}
		if t.ID == 5 {
			t.Wants = &inspect.Want{What: "CapacityLimiter", Owners: []inspect.Owner{{Ref: inspect.Ref{Run: 1, Task: 2}, Name: "task 2", Place: "server/main.go:12"}, {Name: "goroutine 7"}}, More: 8, Waiting: 3}
		}
		run.Tasks = append(run.Tasks, t)
	}
	var d inspect.Deadlock
	for id := range uint64(130) {
		ref := inspect.Ref{Run: 1, Task: id + 1}
		if id < 70 {
			d.Circle = append(d.Circle, inspect.Link{Ref: ref, Name: fmt.Sprint("task ", id+1)})
		} else {
			d.Behind = append(d.Behind, ref)
		}
	}
	return &inspect.Snapshot{Program: "server", PID: 1, Runs: []inspect.Run{run}, Deadlocks: []inspect.Deadlock{d}}
}

// Of what there is much only some is told, and how much more there is.
func TestPageTellsHowMuchMoreThereIs(t *testing.T) {
	var s atomic.Pointer[inspect.Snapshot]
	s.Store(nested(400))
	p := manyTab(t, &s, "")
	look := func(after string) { p.t.Helper(); p.want(`look().then(() => ` + after + `)`) }

	p.want(`$('longest').innerText.startsWith('391 waiting for more than 10 s')`)
	p.want(`[...document.querySelectorAll('#longest a')].map(a => a.hash).join() === '#r1t400,#r1t399,#r1t398,#r1t397,#r1t396'`)
	p.want(`$('deadlocks').innerText.includes('task 1 #1 waits for the end of task 2 #2') && /^and 20 more$/m.test($('deadlocks').innerText)`)
	p.want(`$('deadlocks').innerText.includes('behind them: task 71 #71, task 72 #72') && $('deadlocks').innerText.includes('task 120 #120, and 10 more')`)
	p.want(`$('r1t5').innerText.includes('CapacityLimiter held by task 2 #2 since server/main.go:12, goroutine 7, 8 more (3 wait for it)')`)

	// How deep a task is in the tree is seen, up to a level.
	const margins = `(m => m('r1t1') === 0 && m('r1t2') > 0 && m('r1t20') < m('r1t21') && m('r1t21') === m('r1t30'))(id => parseFloat($(id).style.marginLeft))`
	p.want(margins + ` && $('r1t30').innerText.startsWith('level 29 task 30')`)
	p.enter("search", "task 30 ")
	p.want(`parseFloat($('r1t30').style.marginLeft) === 0`)
	p.enter("search", "")

	// A link that was followed before leads there again.
	for range 2 {
		p.want(`(scrollTo(0, 0), true)`)
		p.do(chromedp.Click("#longest a"))
		p.until(fmt.Sprintf(rowTop+" >= 0", 400))
	}

	// What is selected stays, out of sight too, until it is not selected any more.
	p.until(`(scrollTo(0, 0), !!$('r1t3'))`)
	p.want(`(getSelection().selectAllChildren($('r1t3')), $('r1t3').mark = true)`)
	p.until(`(scrollTo(0, document.body.scrollHeight), ` + fmt.Sprintf(rowTop+" >= 0", 400) + `)`)
	look(`$('r1t3')?.mark === true && getSelection().toString().includes('task 3 #3')`)
	p.want(`(getSelection().removeAllRanges(), true)`)
	look(`!$('r1t3') || !$('r1t3').mark`)

	// What has become of them, until another process answers.
	p.want(`(scrollTo(0, 0), true)`)
	p.click("compare")
	later := nested(150)
	*later.Runs[0].Tasks[6].Waited = time.Millisecond
	s.Store(later)
	look(`$('r1t7').innerText.includes('[moved]') && $('r1t8').innerText.includes('[stood]')`)
	p.want(`$('runs').innerText.includes('250 ended since') && /^and 50 more$/m.test($('runs').innerText)`)
	other := nested(150)
	other.PID = 2
	s.Store(other)
	look(`$('compare').textContent === 'compare with now' && !document.querySelector('.change') && $('title').textContent === 'server (2)'`)
}
