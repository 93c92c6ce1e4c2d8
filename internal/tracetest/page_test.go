package tracetest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/anyio-go/anyio/sim"
)

// browsers are the programs that may be one.
var browsers = []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// A tab is a page in a browser.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu    sync.Mutex
	wrong []string // errors of the page's program, and what it has asked for
}

// open opens the page of a trace.
func open(t *testing.T, address string) *tab {
	t.Helper()
	return openFor(t, address, "window.anyioTrace !== undefined")
}

// openFor opens a page, and fails the test in the end if its program had an error, wrote one
// to the console, or asked for something else than it may. It is there when ready holds.
func openFor(t *testing.T, address, ready string, mayAsk ...string) *tab {
	t.Helper()
	path := ""
	for _, name := range browsers {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skipf("there is no browser: none of %s", strings.Join(browsers, ", "))
	}
	p := &tab{t: t}
	var end context.CancelFunc
	p.ctx, end = chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WindowSize(1300, 900), chromedp.WSURLReadTimeout(time.Minute)), chromedp.WithListener(p.heard(append(mayAsk, address))))
	t.Cleanup(end)
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, network.Enable, network.EnableParams{})
		return err
	}), chromedp.Navigate(address))
	p.until(ready)
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, text := range p.wrong {
			t.Error(text)
		}
	})
	return p
}

// heard notes what the browser tells.
func (p *tab) heard(mayAsk []string) func(event any) {
	return func(event any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			p.wrong = append(p.wrong, fmt.Sprintf("the page has failed: %+v", *e.ExceptionDetails))
		case *network.EventRequestWillBeSent:
			if address, _, _ := strings.Cut(e.Request.URL, "#"); !slices.Contains(mayAsk, address) && !strings.HasPrefix(address, "data:") {
				p.wrong = append(p.wrong, "the page asks for "+e.Request.URL)
			}
		case *log.EventEntryAdded:
			hint := strings.Contains(e.Entry.Text, "willReadFrequently") // as who measures reads what was drawn
			if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning && !hint {
				p.wrong = append(p.wrong, "the browser says: "+e.Entry.Text)
			}
		case *runtime.EventConsoleAPICalled:
			p.wrong = append(p.wrong, fmt.Sprintf("the page says: %v", e.Type))
		}
	}
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// eval is the value of an expression in the page, after what is due was drawn.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T]("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done("+expression+"))))", chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

// until waits until an expression is true.
func (p *tab) until(expression string) {
	p.t.Helper()
	for !eval[bool](p, expression) {
	}
}

// want fails the test if an expression is not true.
func (p *tab) want(expression string) {
	p.t.Helper()
	if !eval[bool](p, expression) {
		p.t.Errorf("it does not hold that %s", expression)
	}
}

// A point is a place in the window.
type point struct{ X, Y float64 }

// mouse does something with the pointer.
func (p *tab) mouse(e input.DispatchMouseEventParams) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, input.DispatchMouseEvent, e)
		return err
	}))
}

// hover moves the pointer onto a place and returns what the page tells of it.
func (p *tab) hover(at point) string {
	p.t.Helper()
	p.mouse(input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: at.X, Y: at.Y})
	return eval[string](p, `document.getElementById('tip').hidden ? '' : document.getElementById('tip').innerText`)
}

const ctrl = 2

// wheel turns the wheel in the middle of the lanes.
func (p *tab) wheel(by float64, modifiers int64) {
	p.t.Helper()
	p.mouse(input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseWheel, X: 700, Y: 300, DeltaX: 0.01, DeltaY: by, Modifiers: modifiers})
}

// drag moves the picture.
func (p *tab) drag(from, to point) {
	p.t.Helper()
	for _, e := range []struct {
		kind input.DispatchMouseEventType
		at   point
	}{
		{input.DispatchMouseEventTypeMousePressed, from}, {input.DispatchMouseEventTypeMouseMoved, to}, {input.DispatchMouseEventTypeMouseReleased, to},
	} {
		p.mouse(input.DispatchMouseEventParams{Type: e.kind, X: e.at.X, Y: e.at.Y, Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1})
	}
}

func (p *tab) click(id string) { p.t.Helper(); p.do(chromedp.Click("#" + id)) }

// enter puts a text into a field, key by key.
func (p *tab) enter(id, text string) {
	p.t.Helper()
	eval[bool](p, fmt.Sprintf(`(el => { el.value = ''; return el.dispatchEvent(new Event('input')); })(document.getElementById(%q))`, id))
	if text != "" {
		p.do(chromedp.SendKeys("#"+id, text))
	}
}

// picture writes what is seen into the test's artifacts.
func (p *tab) picture(name string) []byte {
	p.t.Helper()
	eval[bool](p, "true")
	data, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(p.t.ArtifactDir(), name+".png"), data, 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return data
}

// scheme sets whether the reader prefers light or dark colors.
func (p *tab) scheme(name string) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
		return err
	}))
}

const (
	// stepWhere is the place of the first step for which a condition on i holds.
	stepWhere = `(() => { for (let i = 0; i < anyioTrace.steps; i++) if (%s) return anyioTrace.place(i); return {x: -1, y: -1}; })()`
	view      = `anyioTrace.show.x1 - anyioTrace.show.x0`
)

func TestPageOfTenTasks(t *testing.T) {
	p := open(t, page(t, sim.Config{Seed: 4}, few))
	p.scheme("light")
	rows := eval[[]string](p, "anyioTrace.rows()")
	for _, want := range []string{"host server", "host client", "1 main", "2 serve", "6 client 3", "8 " + hostile} {
		if !slices.Contains(rows, want) {
			t.Errorf("no lane %q in %q", want, rows)
		}
	}
	p.want(`window.pwned === undefined && document.querySelector('img') === null && document.title.endsWith('{{.}}')`)
	p.want(`document.getElementById('sum').innerText.includes('deadlock')`)
	p.want(`document.getElementById('end').innerText.includes('waits for the Lock that')`)
	p.want(`raw.bands.length === 1 && raw.bands[0].text === 'partition client - server' && raw.bands[0].to > raw.bands[0].at`)
	p.picture("time-light")

	p.click("by-step")
	p.want(`anyioTrace.show.scale === 'step'`)
	p.picture("steps-light")
	told := p.hover(eval[point](p, fmt.Sprintf(stepWhere, `step.end[i] === WAITS && raw.ops[step.op[i]] === 'TCP.Read' && nameOf(step.task[i]) === '6 client 3'`)))
	for _, want := range []string{"6 client 3", "on host client", "waits for TCP.Read in Stream.Receive", "tracetest/program_test.go:"} {
		if !strings.Contains(told, want) {
			t.Errorf("over a step there is no %q in %q", want, told)
		}
	}
	told = p.hover(eval[point](p, fmt.Sprintf(stepWhere, `nameOf(step.task[i]) === '6 client 3' && eventsOf(i).some(e => e.kind === SEND && e.msg.bytes === 500)`)))
	if !strings.Contains(told, "sends 500 bytes to server:80") {
		t.Errorf("over a step that sends there is %q", told)
	}
	told = p.hover(eval[point](p, `anyioTrace.arrows().find(a => a.lost)`))
	if !strings.Contains(told, "dropped: partition") {
		t.Errorf("over a message that was lost there is %q", told)
	}
	told = p.hover(point{400, 780})
	if told != "" {
		t.Errorf("over the legend there is %q", told)
	}

	p.enter("filter", "client")
	if rows := eval[[]string](p, "anyioTrace.rows()"); slices.Contains(rows, "1 main") || !slices.Contains(rows, "6 client 3") {
		t.Errorf("the tasks of clients are %q", rows)
	}
	p.enter("filter", "")
	p.enter("find", "program_test.go")
	p.want(`hits.length > 10 && document.getElementById('hits').textContent === hits.length + ' steps'`)
	p.do(chromedp.SendKeys("#find", "\n"))
	p.want(`!document.getElementById('pinned').hidden && hits.includes(anyioTrace.show.pinned)`)
	p.picture("found-light")
	p.enter("find", "")

	wide := eval[float64](p, view)
	p.click("in")
	if now := eval[float64](p, view); now >= wide {
		t.Errorf("zoomed in, there are %v steps in sight, after %v", now, wide)
	}
	p.click("all")
	if now := eval[float64](p, view); now != wide {
		t.Errorf("in all, there are %v steps in sight, before %v", now, wide)
	}
	p.wheel(-300, ctrl)
	if now := eval[float64](p, view); now >= wide {
		t.Errorf("after the wheel has turned, there are %v steps in sight, before %v", now, wide)
	}
	left := eval[float64](p, "anyioTrace.show.x0")
	p.drag(point{900, 300}, point{700, 300})
	if now := eval[float64](p, "anyioTrace.show.x0"); now <= left {
		t.Errorf("dragged to the left, the left edge is at %v, before %v", now, left)
	}
	p.scheme("dark")
	dark := p.picture("zoomed-dark")
	p.want(`getComputedStyle(document.body).backgroundColor === 'rgb(18, 22, 28)'`)
	p.scheme("light")
	if light := p.picture("zoomed-light"); slices.Equal(light, dark) {
		t.Error("dark and light are the same")
	}
}

func TestPageOfAThousandTasks(t *testing.T) {
	p := open(t, page(t, sim.Config{Seed: 1}, many))
	p.want(`anyioTrace.rows().length === 1001 && anyioTrace.steps >= 100000`)
	p.picture("many")
	draws := func(what string) {
		t.Helper()
		times := eval[[]float64](p, "Array.from({length: 20}, anyioTrace.draw)")
		slices.Sort(times)
		t.Logf("%s: drawn in %.1f ms, at most %.1f ms (of 20)", what, times[len(times)/2], times[len(times)-1])
	}
	draws("all steps")
	p.wheel(5000, 0)
	p.want(`anyioTrace.show.top === 5000`)
	at := eval[point](p, fmt.Sprintf(stepWhere, `nameOf(step.task[i]) === '231 worker 229'`))
	if told := p.hover(at); !strings.Contains(told, "231 worker 229") {
		t.Errorf("over its lane there is %q", told)
	}
	for range 4 {
		p.wheel(-900, ctrl)
	}
	p.want(view + ` < anyioTrace.steps / 100`)
	draws("some hundred steps")
	p.picture("many-zoomed")
	p.click("by-time")
	draws("virtual time")
	p.enter("filter", "999")
	p.want(`anyioTrace.rows().length === 2`) // the number of one, and the name of the other
	p.enter("find", "stream.send")
	p.want(`hits.length >= 25000`)
	p.click("next")
	p.want(`nameOf(step.task[anyioTrace.show.pinned]).includes('99')`)
	draws("two lanes, with hits")
	p.picture("many-found")
}
