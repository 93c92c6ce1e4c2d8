//go:build unix

package process_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

var (
	loud = process.Register("loud", func(_ context.Context, n int) (int, error) {
		text := strings.Repeat("x", n)
		fmt.Print(text)
		fmt.Fprint(os.Stderr, text)
		for fd := 1; fd <= 2; fd++ {
			for rest := []byte(text); len(rest) > 0; {
				m, err := syscall.Write(fd, rest)
				if err != nil {
					return 0, err
				}
				rest = rest[m:]
			}
		}
		println(text)
		return 5*n + 1, nil
	})
	readStdin = process.Register("read stdin", func(context.Context, struct{}) (string, error) {
		data, err := io.ReadAll(os.Stdin)
		return string(data), err
	})
	fatal = process.Register("fatal", func(context.Context, struct{}) (int, error) {
		log.SetOutput(io.Discard)
		log.Fatal("the end")
		return 0, nil
	})
	panicLater = process.Register("panic later", func(context.Context, struct{}) (int, error) {
		os.Stderr.Close() // the stack belongs to nobody
		syscall.Close(2)
		go func() { panic("on a goroutine of its own") }()
		hang()
		return 0, nil
	})
	readFile = process.Register("read file", func(_ context.Context, name string) (int, error) {
		_, err := os.ReadFile(name)
		return os.Getpid(), err
	})
	forge = process.Register("forge", func(_ context.Context, text string) (int, error) {
		n, err := syscall.Write(4, []byte(text))
		if strings.Contains(text, "cut short") {
			os.Exit(4)
		}
		return n, err
	})
	grow = process.Register("grow", func(_ context.Context, n int) ([]byte, error) { return make([]byte, n), nil })
)

// printingInto makes the workers that start until the test's end print into a file.
func printingInto(t *testing.T, ctx context.Context) *os.File {
	f, err := os.Create(t.TempDir() + "/printed")
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = f, f
	process.CloseWorkers(ctx)
	t.Cleanup(func() {
		os.Stdout, os.Stderr = stdout, stderr
		f.Close()
	})
	return f
}

func TestWhatWorkersPrintGoesWhereThisProgramPrints(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		f := printingInto(t, ctx)
		defer process.CloseWorkers(ctx)
		for i := range 2 {
			n, err := loud.Call(ctx, 1<<20)
			testkit.WantNil(t, "call", err)
			if info, err := f.Stat(); err != nil || info.Size() != int64((i+1)*n) {
				t.Errorf("printed %d bytes, the file has %v, %v", (i+1)*n, info.Size(), err)
			}
		}
	})
}

func TestWorkersHaveNothingToRead(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		if said, err := readStdin.Call(ctx, struct{}{}); said != "" || err != nil {
			t.Errorf("%q, %v", said, err)
		}
	})
}

func TestWrongFramesInPlaceOfAnAnswerAreABrokenWorker(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		for text, want := range map[string]string{
			"AnYX\x00\x00\x00\x01x":         "what came is no frame",
			"AnYW\xff\xff\xff\xff":          "what came is no frame",
			"AnYW\x00\x00\x00\x02ab":        "unexpected EOF or what came is no frame", // whether the answer is there
			"AnYW\x00\x00\x00\x09x":         "what came is no frame",
			"AnYW\x00\x01\x00\x00cut short": "it ended with code 4",
		} {
			_, err := forge.Call(ctx, text)
			e, ok := errors.AsType[*process.BrokenWorkerError](err)
			if !ok || !slices.Contains(strings.Split(want, " or "), e.Cause.Error()) {
				t.Errorf("%q: %v, want %s", text, err, want)
			}
		}
		if got, err := swap.Call(ctx, point{1, 2}); got.X != 2 || err != nil {
			t.Errorf("afterwards: %v, %v", got, err)
		}
	})
}

// Such a worker is there when the call takes it, but not when the request is sent.
func TestWorkersThatCannotBeSentARequestAreReplaced(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		deaf, err := pid.Call(ctx, struct{}{})
		testkit.WantNil(t, "pid", err)
		defer process.DeafenIdle(ctx)()
		if n, err := pid.Call(ctx, struct{}{}); n == deaf || n == 0 || err != nil {
			t.Errorf("worker %d was %d, %v", n, deaf, err)
		}
	})
}

func TestFunctionsThatEndTheirProcess(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		for f, want := range map[*process.Function[struct{}, int]]string{fatal: "it ended with code 1", panicLater: "it ended with code 2"} {
			_, err := f.Call(ctx, struct{}{})
			if e, ok := errors.AsType[*process.BrokenWorkerError](err); !ok || e.Cause.Error() != want {
				t.Errorf("%s: %v, want %s", f.Name(), err, want)
			}
		}
		if _, err := exit.Call(ctx, 0); err == nil || !strings.HasSuffix(err.Error(), "it ended with code 0") {
			t.Errorf("exit with code 0: %v", err)
		}
	})
}

func TestBigAnswersTravelBetweenSmallOnes(t *testing.T) {
	big := 100 << 20
	if race.Enabled {
		big = 8 << 20 // the detector looks at every byte many times
	}
	onReal(t, func(t *testing.T, ctx context.Context) {
		for _, n := range []int{1, big, 2} {
			if got, err := grow.Call(ctx, n); len(got) != n || err != nil {
				t.Errorf("%d bytes of %d, %v", len(got), n, err)
			}
		}
	})
}

// The end of the tests finds what is left: processes, descriptors, tasks; a token
// that is lost stops the last calls.
func TestCallsCanceledAtAnyTurnLoseNothing(t *testing.T) {
	data := bytes.Repeat([]byte("x"), 1<<17)
	onReal(t, func(t *testing.T, ctx context.Context) {
		limiter := anyio.NewCapacityLimiter(2)
		for turns, step := 0, 1; turns < 20_000; turns, step = turns+step, step+1+step/3 {
			_, err := canceledAfter(ctx, turns, func(ctx context.Context) error {
				got, err := echo.Call(ctx, data, process.Limiter(limiter))
				if err == nil && !bytes.Equal(got, data) {
					t.Errorf("%d turns: %d bytes of %d", turns, len(got), len(data))
				}
				return err
			})
			if err != nil {
				t.Errorf("canceled after %d turns: %v", turns, err)
			}
			if n := limiter.BorrowedTokens(); n != 0 {
				t.Fatalf("after %d turns %v tokens are borrowed", turns, n)
			}
		}
	})
}

func TestCallsOfACanceledRunEnd(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		const calls = 4
		dir := t.TempDir()
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range calls {
				tg.Go(func(ctx context.Context) error {
					_, err := block.Call(ctx, fmt.Sprint(dir, "/", i), process.Limiter(anyio.NewCapacityLimiter(1)))
					testkit.WantIs(t, "call", err, anyio.ErrCanceled)
					return err
				})
			}
			for {
				if begun, err := os.ReadDir(dir); err != nil || len(begun) == calls {
					tg.Cancel("all have begun")
					return err
				}
				if err := anyio.Sleep(ctx, 1e6); err != nil {
					return err
				}
			}
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestWorkersThatAreIdleForLongEndAtALaterCall(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		process.CloseWorkers(ctx)
		pids := together(t, ctx, 3)
		defer process.SetIdleFor(process.SetIdleFor(-1))
		chosen, err := pid.Call(ctx, struct{}{})
		if err != nil || !slices.Contains(pids, chosen) {
			t.Errorf("%d, %v: not one of the idle workers %v", chosen, err, pids)
		}
		for _, n := range pids {
			if err := syscall.Kill(n, 0); (err == nil) != (n == chosen) {
				t.Errorf("worker %d of %v, chosen %d: %v", n, pids, chosen, err)
			}
		}
		if again, err := pid.Call(ctx, struct{}{}); again != chosen || err != nil {
			t.Errorf("the worker that was chosen is gone: %d, %v, was %d", again, err, chosen)
		}
	})
}

// together makes n calls at the same time and returns the numbers of their workers.
func together(t *testing.T, ctx context.Context, n int) []int {
	pids, dir := make([]int, n), t.TempDir()
	limiter := anyio.NewCapacityLimiter(n)
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) (err error) {
		for i := range n {
			fifo := fmt.Sprint(dir, "/", i)
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				return err
			}
			tg.Go(func(ctx context.Context) (err error) {
				pids[i], err = readFile.Call(ctx, fifo, process.Limiter(limiter))
				return err
			})
		}
		for i := range n { // opens when the worker does
			w, err := anyio.RunBlockingValue(ctx, func() (*os.File, error) { return os.OpenFile(fmt.Sprint(dir, "/", i), os.O_WRONLY, 0) })
			if err != nil {
				return err
			}
			defer w.Close()
		}
		return nil
	})
	testkit.WantNil(t, "calls at the same time", err)
	return pids
}
