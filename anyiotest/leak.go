package anyiotest

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"weak"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A leakKind is what can be left behind.
type leakKind string

const (
	leakTask      leakKind = "task"
	leakRun       leakKind = "run"
	leakGoroutine leakKind = "goroutine"
	leakFile      leakKind = "file descriptor"
	leakProcess   leakKind = "child process"
)

// A leak is one thing that was left behind.
type leak struct {
	kind  leakKind
	what  string // one line
	stack string // "" if there is none
}

// A snapshot is what there was before.
type snapshot struct {
	tasks      map[weak.Pointer[kernel.Task]]bool
	givenUp    map[weak.Pointer[kernel.Run]]bool
	goroutines map[int64]bool
	files      map[string]string // number to target
	processes  map[int]string    // id to description
}

func takeSnapshot() *snapshot {
	watchRuns()
	warmUp()
	s := &snapshot{
		tasks:      make(map[weak.Pointer[kernel.Task]]bool),
		givenUp:    make(map[weak.Pointer[kernel.Run]]bool),
		goroutines: make(map[int64]bool),
		files:      openFiles(),
		processes:  childProcesses(),
	}
	tasks, givenUp := knownTasks()
	for _, v := range tasks {
		s.tasks[weak.Make(v.Task)] = true
	}
	for _, r := range givenUp {
		s.givenUp[weak.Make(r)] = true
	}
	for id := range kernel.Stacks() {
		s.goroutines[id] = true
	}
	return s
}

// find lists what there is now, was not before, and is not ignored.
func (s *snapshot) find(c *leakConfig) []leak {
	var leaks []leak
	stacks := kernel.Stacks()
	tasks, givenUp := knownTasks()
	for _, r := range givenUp {
		takeGivenUp(r, stacks)
		step := r.GivenUp()
		if s.givenUp[weak.Make(r)] || c.ignoresStack(step.Stack) {
			continue
		}
		leaks = append(leaks, leak{leakRun, "with all its tasks: it was given up, as a step did not come back, which was then", step.Stack})
	}
	for _, v := range tasks {
		id := v.Task.GoroutineID()
		stack := stacks[id]
		delete(stacks, id) // told once
		if s.tasks[weak.Make(v.Task)] || c.ignoresStack(stack) {
			continue
		}
		leaks = append(leaks, leak{leakTask, fmt.Sprintf("%d %q, waiting for: %s", v.Task.ID(), v.Task.Name(), v.Op), stack})
	}
	self := kernel.GoroutineID()
	for _, id := range slices.Sorted(maps.Keys(stacks)) {
		if stack := stacks[id]; id != self && !s.goroutines[id] && !c.ignoresStack(stack) {
			leaks = append(leaks, leak{leakGoroutine, fmt.Sprint(id), stack})
		}
	}
	files := openFiles()
	for _, fd := range slices.Sorted(maps.Keys(files)) {
		if target := files[fd]; s.files[fd] != target && !slices.ContainsFunc(c.files, func(f func(string) bool) bool { return f(target) }) {
			leaks = append(leaks, leak{leakFile, fd + " is " + target, ""})
		}
	}
	processes := childProcesses()
	for _, pid := range slices.Sorted(maps.Keys(processes)) {
		what := processes[pid]
		if _, before := s.processes[pid]; !before && !slices.ContainsFunc(c.processes, func(name string) bool { return strings.Contains(what, "("+name+")") }) {
			leaks = append(leaks, leak{leakProcess, what, ""})
		}
	}
	return leaks
}

// settle looks until nothing is left or patience is used up: what has been told to
// end may need a moment.
func (s *snapshot) settle(c *leakConfig) []leak {
	kernel.EndIdle()
	begin, pause := time.Now(), time.Duration(0)
	for round := 0; ; round++ {
		leaks := s.find(c)
		if time.Since(begin) > c.patience || !slices.ContainsFunc(leaks, func(l leak) bool { return l.kind != leakRun }) {
			return leaks
		}
		for range 10 {
			runtime.Gosched()
		}
		if round >= 5 {
			pause = min(2*pause+time.Millisecond, 100*time.Millisecond)
			time.Sleep(pause)
		}
	}
}

// report describes leaks, each with its stack.
func report(w io.Writer, leaks []leak) {
	for _, l := range leaks {
		fmt.Fprintf(w, "  leaked %s %s\n", l.kind, l.what)
		if l.stack != "" {
			fmt.Fprintf(w, "    %s\n", strings.ReplaceAll(strings.TrimSpace(l.stack), "\n", "\n    "))
		}
	}
}

// Main runs the tests of a package and then looks for what they left behind:
// tasks of any run, goroutines, and on Linux file descriptors and child processes.
// What was there before the tests is not counted. It prints what it finds, with
// stacks, and returns the exit code: that of the tests, or 1 if they passed but
// something leaked.
//
//	func TestMain(m *testing.M) { os.Exit(anyiotest.Main(m)) }
func Main(m *testing.M, opts ...LeakOption) int {
	return mainWith(m.Run, log, opts...)
}

func mainWith(runTests func() int, w io.Writer, opts ...LeakOption) int {
	c := newLeakConfig(opts)
	before := takeSnapshot()
	code := runTests()
	if leaks := before.settle(c); len(leaks) > 0 {
		fmt.Fprintf(w, "anyiotest: after all tests %d leaked:\n", len(leaks))
		report(w, leaks)
		code = max(code, 1)
	}
	return code
}

// CheckLeaks makes the test fail if it leaves something behind that was not there
// at this call; the look is taken when the test ends, after all functions given to
// t.Cleanup from here on. It is not for tests that run in parallel with others,
// which it cannot tell apart. See Main.
func CheckLeaks(t testing.TB, opts ...LeakOption) {
	t.Helper()
	c := newLeakConfig(opts)
	before := takeSnapshot()
	t.Cleanup(func() {
		if leaks := before.settle(c); len(leaks) > 0 {
			var b strings.Builder
			report(&b, leaks)
			t.Errorf("the test leaked:\n%s", b.String())
		}
	})
}
