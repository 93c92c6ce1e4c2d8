package anyiotest_test

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
)

// startLingering leaves a goroutine behind that the tests find by the name linger.
func startLingering() (end func()) {
	running, c := make(chan struct{}), make(chan struct{})
	go linger(running, c)
	<-running
	return func() { close(c) }
}

//go:noinline
func linger(running, c chan struct{}) {
	close(running)
	<-c
}

func TestLeaksAreFoundAndReported(t *testing.T) {
	for _, c := range []struct {
		name  string
		leak  func(t *testing.T) (undo func())
		want  []string
		linux bool // needs /proc
	}{
		{name: "goroutine", leak: func(t *testing.T) func() {
			return startLingering()
		}, want: []string{"leaked goroutine ", "anyiotest_test.linger(", "leak_test.go:"}},
		{name: "task without a run", leak: func(t *testing.T) func() {
			_, tg := anyio.OpenTaskGroup(context.Background())
			running, c := make(chan struct{}), make(chan struct{})
			tg.Go(func(ctx context.Context) error { linger(running, c); return nil }, anyio.Name("left behind"))
			<-running
			return func() {
				close(c)
				if err := tg.End(nil); err != nil {
					t.Error(err)
				}
			}
		}, want: []string{"leaked task ", `"left behind"`, "anyiotest_test.linger("}},
		{name: "task of a run that goes on", leak: func(t *testing.T) func() {
			var ev anyio.Event
			done := make(chan error)
			running := make(chan struct{})
			go func() {
				done <- anyio.Run(context.Background(), func(ctx context.Context) error {
					close(running)
					return ev.Wait(ctx)
				}, anyio.MainName("server"), anyio.On(anyio.EventLoop()))
			}()
			<-running
			return func() {
				ev.Set()
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		}, want: []string{"leaked task ", `"server"`}},
		{name: "file", linux: true, leak: func(t *testing.T) func() {
			f, err := os.Open("/dev/null")
			if err != nil {
				t.Fatal(err)
			}
			return func() { f.Close() }
		}, want: []string{"leaked file descriptor ", "is /dev/null"}},
		{name: "child process", linux: true, leak: func(t *testing.T) func() {
			return startChild(t)
		}, want: []string{"leaked child process "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.linux && len(anyiotest.OpenFiles()) == 0 {
				t.Skip("there is no /proc to look at")
			}
			undo := func() {}
			var out bytes.Buffer
			code := anyiotest.MainWith(func() int { undo = c.leak(t); return 0 }, &out, anyiotest.Patience(0))
			undo()
			if code != 1 {
				t.Errorf("exit code %d, want 1", code)
			}
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("want %q in:\n%s", want, out.String())
				}
			}
		})
	}
}

// startChild starts a process that lives until undo is called.
func startChild(t *testing.T) (undo func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChildWaitsForItsInput$", "-test.v")
	cmd.Env = append(os.Environ(), "ANYIOTEST_CHILD=1", "GORACE=atexit_sleep_ms=0")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

func TestChildWaitsForItsInput(t *testing.T) {
	if os.Getenv("ANYIOTEST_CHILD") == "" {
		t.Skip("only as the child of another test")
	}
	if line, err := bufio.NewReader(os.Stdin).ReadString('\n'); err == nil {
		t.Errorf("got %q, want the end of the input", line)
	}
}

func TestExitCodeOfTestsIsKept(t *testing.T) {
	for _, code := range []int{0, 2} {
		var out bytes.Buffer
		if got := anyiotest.MainWith(func() int { return code }, &out); got != code || out.Len() > 0 {
			t.Errorf("exit code %d, output %q; want %d and none", got, out.String(), code)
		}
	}
}

func TestLeakCheckWaitsForWhatIsAboutToEnd(t *testing.T) {
	var out bytes.Buffer
	code := anyiotest.MainWith(func() int {
		go func() {
			for range 1000 {
				runtime.Gosched()
			}
		}()
		return 0
	}, &out)
	if code != 0 {
		t.Errorf("exit code %d:\n%s", code, out.String())
	}
}

func TestKnownLeaksAreIgnored(t *testing.T) {
	name := filepath.Base(os.Args[0])
	var undo []func()
	var out bytes.Buffer
	code := anyiotest.MainWith(func() int {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Error(err)
			return 3
		}
		undo = append(undo, startLingering(), func() { f.Close() }, startChild(t))
		return 0
	}, &out, anyiotest.Patience(0),
		anyiotest.IgnoreFunction("anyiotest_test.linger"),
		anyiotest.IgnoreFile(func(target string) bool { return true }),
		anyiotest.IgnoreProcess(name[:min(15, len(name))]),
		anyiotest.IgnoreFunction("os/exec"))
	for _, f := range undo {
		f()
	}
	if code != 0 {
		t.Errorf("exit code %d:\n%s", code, out.String())
	}
}

// A timer of ours may have just started the goroutine of its function; a function of the
// test's own that waits there is a leak.
func TestTimersOfLoopsAreNoLeaks(t *testing.T) {
	const end = "\n\t<autogenerated>:1\nruntime.goexit({})\n\t/asm.s:1\ncreated by time.goFunc\n\t/sleep.go:215 +0x2d\n"
	for function, want := range map[string]bool{
		"github.com/anyio-go/anyio/internal/simloop.(*watchdog).tick-fm()": true,
		"github.com/anyio-go/anyio/internal/simloop.(*idlers).sweep-fm()":  true,
		"github.com/anyio-go/anyio/internal/loop.(*workers).prune-fm()":    true,
		"example.org/game.(*watchdog).tick-fm()":                           false,
	} {
		if got := anyiotest.IgnoresStack("goroutine 7 [runnable]:\n" + function + end); got != want {
			t.Errorf("%s: ignored %v, want %v", function, got, want)
		}
	}
}

func TestCheckLeaksFailsTheTest(t *testing.T) {
	var end func()
	rec := newRecorder(t)
	rec.run(func() {
		anyiotest.CheckLeaks(rec, anyiotest.Patience(0))
		end = startLingering()
	})
	end()
	rec.wantFailure(t, "the test leaked", "anyiotest_test.linger(")

	rec = newRecorder(t)
	rec.run(func() { anyiotest.CheckLeaks(rec) })
	rec.wantPass(t)
}

func TestProcessTableIsReadRightly(t *testing.T) {
	for text, want := range map[string]string{
		"42 (sh) S 7 42":         `42 (sh), state S`,
		"42 (a) b (c) Z 7 42":    `42 (a) b (c), state Z (it has ended, but nobody has waited for it)`,
		"":                       "",
		"42 (sh":                 "",
		"42 (sh) S":              "",
		"x (sh) S 7":             "",
		"42 (sh) S y":            "",
		"42 ) S 7 (":             "",
		"42 (\n) R 7 1 1 0 -1 4": "42 (\n), state R",
	} {
		pid, parent, what, ok := anyiotest.ParseStat(text)
		if ok != (want != "") || what != want || ok && (pid != 42 || parent != 7) {
			t.Errorf("%q: process %d of %d, %q; want %q", text, pid, parent, what, want)
		}
	}
}
