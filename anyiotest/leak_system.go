package anyiotest

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"weak"

	"github.com/anyio-go/anyio/internal/kernel"
)

// --- runs ---

// runs are all that were made since the first look and are still in memory.
var runs struct {
	once sync.Once
	mu   sync.Mutex
	list []weak.Pointer[kernel.Run] // guarded by mu
	next int                        // length at which to drop what is gone
}

// watchRuns begins to note every new run.
func watchRuns() {
	runs.once.Do(func() { kernel.ObserveRuns(noteRun) })
}

func noteRun(r *kernel.Run) {
	runs.mu.Lock()
	defer runs.mu.Unlock()
	if len(runs.list) >= runs.next {
		live := runs.list[:0]
		for _, p := range runs.list {
			if p.Value() != nil {
				live = append(live, p)
			}
		}
		runs.list, runs.next = live, 2*len(live)+64
	}
	runs.list = append(runs.list, weak.Make(r))
}

// knownTasks are the tasks of all known runs, and of the run that stands behind
// foreign contexts. Apart from them are the runs that were given up because a step
// did not come back.
func knownTasks() (tasks []kernel.TaskView, givenUp []*kernel.Run) {
	tasks = kernel.Ambient().Tasks()
	runs.mu.Lock()
	list := append([]weak.Pointer[kernel.Run](nil), runs.list...)
	runs.mu.Unlock()
	for _, p := range list {
		switch r := p.Value(); {
		case r == nil || r.Whole() != r: // the others have the same tasks
		case r.GivenUp() != nil:
			givenUp = append(givenUp, r)
		default:
			tasks = append(tasks, r.Tasks()...)
		}
	}
	return slices.DeleteFunc(tasks, func(v kernel.TaskView) bool { return v.Task.Finished() }), givenUp
}

// takeGivenUp takes the goroutines of a run that was given up out of stacks.
func takeGivenUp(r *kernel.Run, stacks map[int64]string) {
	var mine []string // how a stack ends that a task has made by iter.Pull
	for _, v := range r.Tasks() {
		delete(stacks, v.Task.GoroutineID())
		mine = append(mine, fmt.Sprintf(" in goroutine %d\n", v.Task.GoroutineID()))
	}
	maps.DeleteFunc(stacks, func(_ int64, stack string) bool {
		pulled := strings.LastIndex(stack, "created by iter.Pull")
		// The loop, and its coroutines, also those without a task. They cannot be told from
		// those of other runs, which have tasks that are reported.
		return strings.Contains(stack, "/internal/simloop.(*driver).live") || strings.Contains(stack, "/internal/coro.New.func") ||
			strings.Contains(stack, "/internal/loop.(*Loop).RunCoro(") ||
			pulled >= 0 && slices.ContainsFunc(mine, func(s string) bool { return strings.Contains(stack[pulled:], s) })
	})
}

// --- descriptors and processes, where there is a /proc ---

// warmUp lets the runtime open the descriptors that it keeps forever.
func warmUp() {
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
}

// openFiles maps the numbers of open descriptors to what they are.
func openFiles() map[string]string {
	const dir = "/proc/self/fd"
	files := make(map[string]string)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return files // not Linux
	}
	for _, e := range entries {
		// The descriptor of the directory itself is closed by now.
		if target, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil {
			files[e.Name()] = target
		}
	}
	return files
}

// isProfile tells whether a file is one that package testing never closes.
func isProfile(target string) bool {
	for _, name := range []string{"test.cpuprofile", "test.trace"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" && filepath.Base(f.Value.String()) == filepath.Base(target) {
			return true
		}
	}
	return false
}

// childProcesses maps the ids of our children, also of those that have ended and
// were not waited for, to what they are.
func childProcesses() map[int]string {
	children := make(map[int]string)
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		if pid, parent, what, ok := parseStat(string(text)); ok && parent == os.Getpid() {
			children[pid] = what
		}
	}
	return children
}

// parseStat reads "42 (name) S 1 …", where the name may hold anything.
func parseStat(text string) (pid, parent int, what string, ok bool) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return 0, 0, "", false
	}
	fields := strings.Fields(text[end+1:])
	if len(fields) < 2 {
		return 0, 0, "", false
	}
	pid, err1 := strconv.Atoi(strings.TrimSpace(text[:open]))
	parent, err2 := strconv.Atoi(fields[1])
	if err1 != nil || err2 != nil {
		return 0, 0, "", false
	}
	what = fmt.Sprintf("%d %s, state %s", pid, text[open:end+1], fields[0])
	if fields[0] == "Z" {
		what += " (it has ended, but nobody has waited for it)"
	}
	return pid, parent, what, true
}
