package asyncio_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/sim"
)

// A twin is a program of testdata/differential in Go. What it prints must be what the
// Python program printed, line by line.
type twin struct {
	name string
	// main is the main coroutine, if the program is one call of asyncio.run.
	main func(ctx context.Context, p *printer) error
	// program is the whole program otherwise; on says where it runs.
	program func(t *testing.T, p *printer, on anyio.RunOption)
	// promised says that asyncio promises the order, or that the program does not depend on
	// it: then a simulation prints the same, whatever the seed.
	promised bool
	// readiness says that it asks for what only the system's own poller tells.
	readiness bool
}

const ms = time.Millisecond

// hang is how long a program may take.
const hang = time.Minute

// TestDifferential runs the twins on the event loop and in the simulator, and compares.
func TestDifferential(t *testing.T) {
	for _, tw := range slices.Concat(loopTwins, futureTwins, cancelTwins, uncancelTwins, gatherTwins, waitTwins, timeoutTwins, groupTwins, runTwins, protocolTwins, endpointTwins, streamTwins, socketTwins, syncTwins, queueTwins, processTwins, lateTwins) {
		want, err := os.ReadFile(filepath.Join("testdata", "differential", tw.name+".out"))
		if err != nil {
			t.Fatal(err)
		}
		if tw.readiness && pumped {
			continue
		}
		check := func(name string, on func() anyio.Backend) {
			t.Run(tw.name+"/"+name, func(t *testing.T) {
				p := &printer{}
				finished := make(chan struct{})
				go func() {
					defer close(finished)
					tw.run(t, p, anyio.On(on()))
				}()
				select {
				case <-finished:
				case <-time.After(hang):
					t.Fatalf("it hangs after\n%s", p)
				}
				if got := p.String(); got != string(want) {
					t.Errorf("the output differs\n%s", diff(got, string(want)))
				}
			})
		}
		check("eventloop", anyio.EventLoop)
		if !tw.promised {
			continue
		}
		seeds := uint64(5)
		if testing.Short() {
			seeds = 2
		}
		for seed := range seeds {
			check(fmt.Sprintf("sim/seed=%d", seed+1), func() anyio.Backend { return sim.New(sim.Config{Seed: seed + 1}) })
		}
	}
}

func (tw twin) run(t *testing.T, p *printer, on anyio.RunOption) {
	if tw.program != nil {
		tw.program(t, p, on)
		return
	}
	err := asyncio.Run(t.Context(), func(ctx context.Context) error { return tw.main(ctx, p) }, on)
	if err != nil {
		t.Error(err)
	}
}

// diff shows the lines side by side from a little before the first that differs.
func diff(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	first := 0
	for first < min(len(g), len(w)) && g[first] == w[first] {
		first++
	}
	var b strings.Builder
	for i := max(0, first-3); i < max(len(g), len(w)); i++ {
		line := func(s []string) string {
			if i < len(s) {
				return s[i]
			}
			return "-"
		}
		fmt.Fprintf(&b, "%3d  got %-40s want %s\n", i+1, line(g), line(w))
	}
	return b.String()
}

// runAll runs the programs that are its arguments, each in a process that has package asyncio
// already, and prints what each of them has printed.
const runAll = `
import asyncio, asyncio.subprocess, json, os, runpy, sys, tempfile
outputs = {}
for file in sys.argv[1:]:
    with tempfile.TemporaryFile() as out:
        if not (child := os.fork()):
            os.dup2(out.fileno(), 1)
            sys.argv = [file]
            runpy.run_path(file, run_name="__main__")
            sys.exit()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != 0:
            sys.exit(f"{file} ended with {status}")
        out.seek(0)
        outputs[file] = out.read().decode()
json.dump(outputs, sys.stdout)
`

// TestDifferentialOutputsArePythons runs the Python programs where Python 3.11 is at hand.
func TestDifferentialOutputsArePythons(t *testing.T) {
	python := python311(t)
	files, err := filepath.Glob(filepath.Join("testdata", "differential", "*.py"))
	if err != nil || len(files) < 100 {
		t.Fatal(len(files), err)
	}
	cmd := exec.CommandContext(t.Context(), python, append([]string{"-c", runAll}, files...)...)
	var printed strings.Builder
	cmd.Stderr = &printed
	all, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &printed)
	}
	var outputs map[string]string
	if err := json.Unmarshal(all, &outputs); err != nil || len(outputs) != len(files) {
		t.Fatalf("%d outputs: %v", len(outputs), err)
	}
	for file, got := range outputs {
		want, err := os.ReadFile(strings.TrimSuffix(file, ".py") + ".out")
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("the output of %s differs from what is recorded\n%s", file, diff(got, string(want)))
		}
	}
}

func python311(t *testing.T) string {
	if testing.Short() {
		t.Skip("Python is not started in short tests")
	}
	for _, name := range []string{"python3.11", "python3"} {
		out, err := exec.Command(name, "--version").Output()
		if err == nil && strings.HasPrefix(string(out), "Python 3.11.") {
			return name
		}
	}
	t.Skip("there is no Python 3.11")
	return ""
}

// A printer prints as Python does.
type printer struct {
	mu sync.Mutex
	b  strings.Builder // guarded by mu
}

func (p *printer) print(args ...any) {
	words := make([]string, len(args))
	for i, a := range args {
		if s, ok := a.(string); ok {
			words[i] = s
		} else {
			words[i] = repr(a)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.b.WriteString(strings.Join(words, " ") + "\n")
}

func (p *printer) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

// do is print as a callback.
func (p *printer) do(args ...any) func() { return func() { p.print(args...) } }

// repr is a value as Python writes it.
func repr(a any) string {
	switch a := a.(type) {
	case nil:
		return "None"
	case bool:
		if a {
			return "True"
		}
		return "False"
	case string:
		quote := "'"
		if strings.Contains(a, "'") {
			quote = `"`
		}
		return quote + strings.ReplaceAll(a, "\n", `\n`) + quote
	case []byte:
		return "b" + repr(strings.ReplaceAll(string(a), "\r", `\r`))
	case error:
		return message(a)
	case []string:
		return list(a)
	case []int:
		return list(a)
	case []bool:
		return list(a)
	case []any:
		return list(a)
	}
	return fmt.Sprint(a)
}

func list[T any](all []T) string {
	words := make([]string, len(all))
	for i, v := range all {
		words[i] = repr(v)
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// message is what an exception's text would be.
func message(err error) string {
	var pe *anyio.PanicError
	if errors.As(err, &pe) {
		return fmt.Sprint(pe.Value)
	}
	return err.Error()
}

func isCanceled(err error) bool { return errors.Is(err, anyio.ErrCanceled) }

func isTimeout(err error) bool { return errors.Is(err, anyio.ErrTimeout) }

// reason is the message of a cancellation.
func reason(err error) []any {
	var ce *anyio.CanceledError
	if errors.As(err, &ce) && ce.Reason != "" {
		return []any{ce.Reason}
	}
	return nil
}

// refused reports whether f panics with a misuse, or returns an error.
func refused(f func() error) (yes bool) {
	defer func() {
		if v := recover(); v != nil {
			me, ok := v.(*anyio.MisuseError)
			if !ok {
				panic(v)
			}
			yes = me != nil
		}
	}()
	return f() != nil
}

type none = struct{}

// durationOf makes a number of milliseconds a factor of ms.
func durationOf(n int) time.Duration { return time.Duration(n) }

func sorted[T cmp.Ordered](all []T) []T {
	slices.Sort(all)
	return all
}

// task is create_task of a coroutine without a value.
func task(ctx context.Context, f func(ctx context.Context) error, opts ...asyncio.TaskOption) *asyncio.Task[none] {
	return asyncio.CreateTask(ctx, func(ctx context.Context) (none, error) { return none{}, f(ctx) }, opts...)
}

func loopIn(ctx context.Context) *asyncio.Loop {
	l, err := asyncio.RunningLoop(ctx)
	if err != nil {
		panic(err)
	}
	return l
}

// me is current_task.
func me(ctx context.Context) asyncio.AnyTask { return asyncio.CurrentTask(ctx) }

// yield is sleep(0), n times.
func yield(ctx context.Context, n int) error {
	for range n {
		if err := asyncio.Sleep(ctx, 0); err != nil {
			return err
		}
	}
	return nil
}

// forever waits for a future that nobody sets.
func forever(ctx context.Context) error {
	_, err := asyncio.NewFuture[none](ctx).Await(ctx)
	return err
}
