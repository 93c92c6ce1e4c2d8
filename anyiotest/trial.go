package anyiotest

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/sim"
)

// A trial is the testing.TB of one run of a search. It keeps what it is told.
type trial struct {
	testing.TB // of the search
	s          *search
	*gear              // nil when it has been left to another run
	trace      *tracer // nil: none
	exec       execution

	mu       sync.Mutex
	log      strings.Builder
	failed   bool
	skipped  bool
	kernel   *kernel.Run // nil: it has not begun
	late     bool        // the key is of a failure after the run's death
	key      string      // equal for runs that fail in the same way, "" for one that does not
	helpers  []uintptr   // where Helper was called
	cleanups []func()
	dirs     int
	dir      string // that has those of TempDir; "" if there is none
}

// A gear is what a run is made with, for one after the other.
type gear struct {
	how     sim.Config
	sim     *sim.Sim
	options []anyio.RunOption // the last is for the backend
}

// newGear makes the gear of a run.
func (s *search) newGear() *gear {
	g := &gear{sim: sim.New(sim.Config{})}
	quiet := anyio.OnPanic(func(*anyio.PanicError) {}) // the report has it
	g.options = append(append([]anyio.RunOption{quiet}, s.p.options(s.t.Name())...), anyio.On(g.sim))
	return g
}

func newTrial(s *search, g *gear) *trial { return &trial{TB: s.t, s: s, gear: g} }

// part takes the gear of a trial away. Who still has the trial may use it.
func (t *trial) part() *gear {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.gear
	t.gear = nil
	return g
}

// run runs the test as the main task of a simulation. It ends as the test does, but for a
// panic, which is a failure.
func (t *trial) run() {
	t.sim.Reset(t.how)
	defer t.cleanUp()
	ended := false
	defer func() {
		switch v := recover(); {
		case v != nil:
			t.panicked(v)
		case !ended && !t.Failed() && !t.Skipped():
			t.exited()
		}
	}()
	if t.trace != nil {
		t.trace.sim = t.sim
		t.options[len(t.options)-1] = anyio.On(intruded{t.sim, t.trace})
	}
	t.exec.execute(t, t.options, t.test)
	ended = true
}

// test is the main task.
func (t *trial) test(ctx context.Context) { t.s.f(t, ctx) }

// verdict is in which way the run has failed, "" if it has not. What goes on after a run
// that was given up may still fail.
func (t *trial) verdict() (key string, skipped bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.key, t.skipped
}

// failsAs reports whether the run fails in the same way as another one.
func (t *trial) failsAs(other *trial) bool {
	key, _ := t.verdict()
	same, _ := other.verdict()
	return key == same
}

// text is what was logged.
func (t *trial) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.log.String()
}

// exited notes that the test was ended in another way than those of t.
func (t *trial) exited() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed = true
	t.noteLocked("exit", "runtime.Goexit was called, but neither FailNow nor SkipNow", false)
}

// panicked notes a panic.
func (t *trial) panicked(v any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed = true
	text := fmt.Sprintf("panic: %v", v)
	if pe, ok := v.(*anyio.PanicError); ok {
		text = fmt.Sprintf("panic: %v\n%s", pe.Value, pe.Stack)
	}
	if err, ok := v.(error); ok && t.gear != nil && t.kernel != nil && t.kernel.GivenUp() == nil {
		t.sim.NoteFailure(err)
	}
	t.noteLocked(panicKey(v), text, false)
}

// noteLocked notes a line of the log, and what failed if it is the first that did. What fails
// in a run that is dead already does so since it is: then what it died of counts.
func (t *trial) noteLocked(key, text string, died bool) {
	switch {
	case !t.failed:
	case t.key == "":
		t.key, t.late = key, !died && t.kernel != nil && t.kernel.Killed() != nil
	case t.late && died:
		t.key, t.late = key, false
	}
	t.log.WriteString(text)
	if t.gear != nil && t.how.Trace != nil { // which gets the log, too
		t.how.Trace.Note(strings.TrimSpace(text))
	}
	if !strings.HasSuffix(text, "\n") {
		t.log.WriteByte('\n')
	}
}

// firstError is the first error among the arguments of a call, nil if there is none.
func firstError(args []any) error {
	for _, arg := range args {
		if err, ok := arg.(error); ok {
			return err
		}
	}
	return nil
}

// began notes the run.
func (t *trial) began(r *kernel.Run) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kernel = r
}

// hasBegun reports whether there was a run: not if the simulator's configuration is wrong.
func (t *trial) hasBegun() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kernel != nil
}

// cleanUp calls the cleanups, the last one first, also after one that ends its goroutine.
func (t *trial) cleanUp() {
	t.mu.Lock()
	last := len(t.cleanups) - 1
	if last >= 0 {
		f := t.cleanups[last]
		t.cleanups = t.cleanups[:last]
		t.mu.Unlock()
		defer t.cleanUp()
		f()
		return
	}
	dir := t.dir
	t.dir = ""
	t.mu.Unlock()
	if dir == "" {
		return
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Errorf("TempDir: %v", err)
	}
}

// say logs a line, with the place of the caller that is no helper. The text is made of a
// format, which may be "", and arguments.
func (t *trial) say(fails bool, text, format string, args []any) {
	place := t.caller()
	t.mu.Lock()
	defer t.mu.Unlock()
	key := place
	died := false
	if fails {
		t.failed = true
		key, died = failureKey(place, format, args)
		if t.key == "" && t.gear != nil && kernel.LoopTask() != nil {
			t.sim.NoteFailure(firstError(args))
		}
	}
	t.noteLocked(key, place+text, died)
}

// caller is the file and line that calls a method of t, helpers left out and all of this
// package; "" if there is nobody else.
func (t *trial) caller() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	t.mu.Lock()
	defer t.mu.Unlock()
	helpers := make(map[string]bool)
	for _, pc := range t.helpers {
		helpers[runtime.FuncForPC(pc-1).Name()] = true
	}
	for {
		f, more := frames.Next()
		switch {
		case !ours(f.Function) && !helpers[f.Function]:
			return fmt.Sprintf("%s:%d: ", filepath.Base(f.File), f.Line)
		case !more:
			return ""
		}
	}
}

// ours reports whether a function is no caller but part of what makes a run.
func ours(function string) bool {
	const module = "github.com/anyio-go/anyio"
	for _, p := range []string{module + "/anyiotest.", module + ".", "runtime.", "iter."} {
		if strings.HasPrefix(function, p) {
			return true
		}
	}
	return strings.HasPrefix(function, module+"/internal/") && !strings.Contains(function, "_test.")
}

// What follows is testing.TB.

func (t *trial) Helper() {
	var pc [1]uintptr
	runtime.Callers(2, pc[:])
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Contains(t.helpers, pc[0]) {
		t.helpers = append(t.helpers, pc[0])
	}
}

func (t *trial) Log(args ...any)                 { t.logln(false, args) }
func (t *trial) Logf(format string, args ...any) { t.logf(false, format, args) }
func (t *trial) Error(args ...any)               { t.logln(true, args) }
func (t *trial) Errorf(format string, args ...any) {
	t.logf(true, format, args)
}

func (t *trial) Fatal(args ...any) {
	t.logln(true, args)
	runtime.Goexit()
}

func (t *trial) Fatalf(format string, args ...any) {
	t.logf(true, format, args)
	runtime.Goexit()
}

func (t *trial) Skip(args ...any) {
	t.logln(false, args)
	t.SkipNow()
}

func (t *trial) Skipf(format string, args ...any) {
	t.logf(false, format, args)
	t.SkipNow()
}

func (t *trial) logln(fails bool, args []any) { t.say(fails, fmt.Sprintln(args...), "", args) }
func (t *trial) logf(fails bool, format string, args []any) {
	t.say(fails, fmt.Sprintf(format, args...), format, args)
}

func (t *trial) Fail() {
	place := t.caller()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed = true
	t.noteLocked(place, place+"Fail was called", false)
}

func (t *trial) FailNow() {
	t.Fail()
	runtime.Goexit()
}

func (t *trial) SkipNow() {
	t.mu.Lock()
	t.skipped = true
	t.mu.Unlock()
	runtime.Goexit()
}

func (t *trial) Failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}

func (t *trial) Skipped() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.skipped
}

func (t *trial) Cleanup(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, f)
}

func (t *trial) TempDir() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dir == "" {
		dir, err := os.MkdirTemp("", "anyiotest")
		if err != nil {
			panic(fmt.Sprintf("TempDir: %v", err))
		}
		t.dir = dir
	}
	t.dirs++
	dir := filepath.Join(t.dir, fmt.Sprintf("%03d", t.dirs))
	if err := os.Mkdir(dir, 0o777); err != nil {
		panic(fmt.Sprintf("TempDir: %v", err))
	}
	return dir
}

func (t *trial) Setenv(key, _ string) {
	t.Fatalf("Setenv(%q) in a search: its runs share the process", key)
}

func (t *trial) Chdir(dir string) {
	t.Fatalf("Chdir(%q) in a search: its runs share the process", dir)
}

func (t *trial) Name() string             { return t.TB.Name() }
func (t *trial) Context() context.Context { return t.TB.Context() }
func (t *trial) ArtifactDir() string      { return t.TB.ArtifactDir() }
func (t *trial) Attr(key, value string)   { t.say(false, fmt.Sprintf("%s=%s", key, value), "", nil) }
func (t *trial) Output() io.Writer        { return output{t} }

// output writes to the log of a trial.
type output struct{ t *trial }

func (o output) Write(b []byte) (int, error) {
	o.t.mu.Lock()
	defer o.t.mu.Unlock()
	return o.t.log.Write(b)
}
