package tracetest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
)

// nothing is what a task does that should not get so far.
func nothing(context.Context) error { return nil }

// A broken program has a deadlock, hostile names and many tasks.
type broken struct {
	release, moves anyio.Event // one task ends, another one goes on
	began          anyio.Event // a new one has begun
}

func (b *broken) run(ctx context.Context, tg *anyio.TaskGroup) error {
	var left, right anyio.Lock
	var ready [2]anyio.Event
	crosswise := func(first, second *anyio.Lock, mine, other *anyio.Event) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			return first.Do(ctx, func(ctx context.Context) error {
				mine.Set()
				if err := other.Wait(ctx); err != nil {
					return err
				}
				return second.Do(ctx, nothing)
			})
		}
	}
	tg.Go(crosswise(&left, &right, &ready[0], &ready[1]), anyio.Name("lefty"))
	tg.Go(crosswise(&right, &left, &ready[1], &ready[0]), anyio.Name(hostile))
	tg.Go(func(ctx context.Context) error {
		if err := ready[0].Wait(ctx); err != nil {
			return err
		}
		return left.Do(ctx, nothing)
	}, anyio.Name("behind"))
	tg.Go(b.release.Wait, anyio.Name("ends"))
	tg.Go(func(ctx context.Context) error {
		if err := b.moves.Wait(ctx); err != nil {
			return err
		}
		tg.Go(anyio.SleepForever, anyio.Name("newcomer"))
		b.began.Set()
		return anyio.SleepForever(ctx)
	}, anyio.Name("moves"))
	for i := range 1000 {
		tg.Go(anyio.SleepForever, anyio.Name(fmt.Sprint("worker ", i)))
	}
	return anyio.WaitAllTasksBlocked(ctx)
}

// liveTab opens the page of what runs. The program has no error and asks for nothing but
// the tasks.
func liveTab(t *testing.T) *tab {
	server := httptest.NewServer(inspect.Handler())
	t.Cleanup(server.Close)
	return openFor(t, server.URL+"/debug/anyio/", `$("title").textContent !== "tasks"`, server.URL+"/debug/anyio/tasks.json")
}

// text is what is seen of an element.
func (p *tab) text(id string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf("document.getElementById(%q).innerText", id))
}

// choose takes one of the values of a list.
func (p *tab) choose(id, value string) {
	p.t.Helper()
	eval[bool](p, fmt.Sprintf(`(el => { el.value = %q; return el.dispatchEvent(new Event('input')); })(document.getElementById(%q))`, value, id))
}

// A loop that is late tells so, and how many turns it makes.
func TestPageOfALoop(t *testing.T) {
	p := liveTab(t)
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) })
			if err := anyio.Sleep(ctx, 0); err != nil {
				return err
			}
			for begin := time.Now(); time.Since(begin) < 20*time.Millisecond; { // the mistake
			}
			if err := anyio.WaitAllTasksBlockedFor(ctx, 5*time.Millisecond); err != nil {
				return err
			}
			p.want("look().then(() => true)")
			p.want("look().then(() => true)")
			text := p.text("runs")
			if !regexp.MustCompile(`event loop: [0-9]+ turns a second, [01] ready, timers up to [0-9.]+ ms late`).MatchString(text) {
				t.Errorf("got %s", text)
			}
			return nil
		})
	}, anyio.On(anyio.EventLoop()), anyio.HoldLimit(anyio.Forever))
	if err != nil {
		t.Error(err)
	}
}

// shown is how many tasks are, of which those near the window have rows.
const shown = `parseInt($("status").textContent)`

func TestPageOfLiveTasks(t *testing.T) {
	p := liveTab(t)
	b := &broken{}
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			if err := b.run(ctx, tg); err != nil {
				return err
			}
			lookAtPage(t, ctx, p, b)
			tg.Cancel("seen")
			return nil
		})
	}, anyio.MainName("main"))
	if err != nil {
		t.Error(err)
	}
	p.want("look().then(() => !document.querySelector('.task'))")
}

func lookAtPage(t *testing.T, ctx context.Context, p *tab, b *broken) {
	p.scheme("light")
	p.want("look().then(() => true)")
	p.picture("live-light")
	box := p.text("deadlocks")
	for _, want := range []string{"2 tasks wait for each other", "lefty #", "waits for the Lock that", hostile, "behind them: behind #"} {
		if !strings.Contains(box, want) {
			t.Errorf("no %q in the box of the deadlock: %s", want, box)
		}
	}
	p.want(`window.pwned === undefined && document.querySelector('img') === null`)
	p.want(shown + ` === 1006`)

	// The links lead to the tasks, also to those that are filtered out.
	p.enter("search", "worker 77")
	p.want(shown + ` === 11`)
	p.do(chromedp.Click("#deadlocks a"))
	p.want(`document.querySelectorAll('.hit').length === 1 && document.querySelector('.hit').innerText.includes('lefty')`)
	p.want(`$("search").value === '' && (r => r.top >= document.querySelector('header').getBoundingClientRect().bottom && r.bottom <= innerHeight)(document.querySelector('.hit').getBoundingClientRect())`)
	p.want(`look().then(() => document.querySelectorAll('.hit').length === 1)`)
	p.picture("live-link-light")

	p.enter("search", "inspect_test.go")
	p.want(shown + ` > 3 && ` + shown + ` < 12`)
	p.enter("search", "#1")
	p.want(shown + ` === 1`)
	p.enter("search", "LOCK.acquire")
	p.want(shown + ` === 3`)
	p.want(`[...document.querySelectorAll('.task .more')].filter(e => e.innerText.includes('Lock held by lefty #') && e.innerText.includes('(2 wait for it)')).length === 2`)
	p.enter("search", "")
	p.choose("state", "running")
	p.want(shown + ` <= 1`)
	p.choose("state", "waiting")
	p.want(shown + ` >= 1005`)
	p.choose("least", "600")
	p.want(shown + ` === 0`)
	p.want(`(last.runs[0].tasks[5].waitedNs = 700e9, draw(), ` + shown + ` === 1)`)
	p.choose("least", "0")
	p.choose("state", "")
	p.want(`(last.runs[0].tasks[5].waitedNs = 700e9, draw(), /^\d+ waiting for more than 10 s/.test($("longest").innerText))`)

	// What has become of them.
	p.click("compare")
	b.release.Set()
	b.moves.Set()
	if err := b.began.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
		t.Fatal(err)
	}
	p.want("look().then(() => true)")
	for name, change := range map[string]string{"newcomer": "[began]", "moves": "[moved]", "lefty": "[stood]"} {
		p.enter("search", name)
		if text := eval[string](p, `[...document.querySelectorAll('.task')].map(e => e.innerText).join()`); !strings.Contains(text, change) {
			t.Errorf("%s: no %s in %s", name, change, text)
		}
	}
	p.enter("search", "moved")
	p.want(shown + ` >= 1 && ` + shown + ` <= 2`) // and main, who looks
	p.want(`$("runs").innerText.includes('1 ended since') && $("runs").innerText.includes('ends #')`)
	p.picture("live-compare-light")
	p.enter("search", "")
	p.click("compare")
	p.want(`!document.querySelector('.change')`)

	p.click("pause")
	p.want(`paused && $("pause").textContent === 'go on' && $("pause").getAttribute('aria-pressed') === 'true'`)
	p.click("pause")
	p.want(`!paused`)

	// Both schemes are legible, all that is dim as well.
	for _, scheme := range []string{"light", "dark"} {
		p.scheme(scheme)
		if c := eval[float64](p, contrast); c < 4.5 {
			t.Errorf("%s: a text has a contrast of %.1f, want 4.5", scheme, c)
		}
	}
	p.picture("live-dark")
}

// contrast is the least of the texts of the page, as the guidelines for accessibility
// reckon it.
const contrast = `(() => {
	const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
	const light = color => {
		canvas.fillStyle = color;
		canvas.fillRect(0, 0, 1, 1);
		const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ground = light(getComputedStyle(document.body).backgroundColor);
	let least = 100;
	for (const of of ['.dim', '.warn', '.bad', '.at', '.more', '.ready', '.running', '.task'])
		for (const e of [...document.querySelectorAll(of)].slice(0, 20)) {
			const text = light(getComputedStyle(e).color);
			least = Math.min(least, (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05));
		}
	return least;
})()`
