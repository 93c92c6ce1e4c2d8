package asyncio_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/sim"
)

// The codes of processes that were ended. Windows has no signals.
var killed, terminated = -int(syscall.SIGKILL), -int(syscall.SIGTERM)

func init() {
	if runtime.GOOS == "windows" {
		killed, terminated = 1, 1
	}
}

func withProcesses(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	t.Helper()
	anyiotest.Run(t, f, anyiotest.Only("eventloop"))
}

func TestCommunicateFeedsAndReads(t *testing.T) {
	withProcesses(t, func(t *testing.T, ctx context.Context) {
		p, err := asyncio.CreateSubprocess(ctx, child("cat", "err:err\n", "3"), 0)
		testkit.Must(t, err)
		if _, ok := p.ReturnCode(); ok || p.Pid() <= 0 {
			t.Error("it has ended")
		}
		input := bytes.Repeat([]byte("0123456789"), 100_000)
		out, errOut, err := p.Communicate(ctx, input)
		if !bytes.Equal(out, input) || string(errOut) != "err\n" || err != nil {
			t.Errorf("%d bytes, %q, %v", len(out), errOut, err)
		}
		if code, ok := p.ReturnCode(); code != 3 || !ok {
			t.Errorf("%d %v", code, ok)
		}
		testkit.WantErr(t, p.Kill(), os.ErrProcessDone)
		testkit.WantErr(t, p.Terminate(), os.ErrProcessDone)
		testkit.WantErr(t, p.SendSignal(os.Interrupt), os.ErrProcessDone)

		p, err = asyncio.CreateSubprocess(ctx, process.Command{Shell: "exit 0"}, 0)
		testkit.Must(t, err)
		_, _, err = p.Communicate(ctx, input) // which it does not read
		testkit.WantNil(t, "input that nobody reads", err)

		quiet := child()
		quiet.Stdin, quiet.Stdout, quiet.Stderr = process.Null, process.Null, process.Null
		p, err = asyncio.CreateSubprocess(ctx, quiet, 0)
		testkit.Must(t, err)
		if p.Stdin != nil || p.Stdout != nil || p.Stderr != nil {
			t.Error("streams that are no pipes")
		}
		if _, _, err := p.Communicate(ctx, []byte("x")); err == nil {
			t.Error("input without a pipe")
		}
		if out, _, err := p.Communicate(ctx, nil); err != nil || out != nil {
			t.Errorf("%q %v", out, err)
		}
	})
}

func TestStreamsOfAProcess(t *testing.T) {
	withProcesses(t, func(t *testing.T, ctx context.Context) {
		cat := child("cat")
		cat.Stderr = process.Inherit
		p, err := asyncio.CreateSubprocess(ctx, cat, 0)
		testkit.Must(t, err)
		_, _ = p.Stdin.Write([]byte("line\nrest"))
		testkit.WantNil(t, "Drain", p.Stdin.Drain(ctx))
		got, err := p.Stdout.ReadLine(ctx)
		wantData(t, "line", got, err, "line\n")
		p.Stdin.Close()
		testkit.WantNil(t, "WaitClosed", p.Stdin.WaitClosed(ctx))
		got, err = p.Stdout.ReadAll(ctx)
		wantData(t, "rest", got, err, "rest")
		if code, err := p.Wait(ctx); code != 0 || err != nil {
			t.Errorf("%d %v", code, err)
		}
	})
}

func TestWaitForAProcessMayBeCanceled(t *testing.T) {
	withProcesses(t, func(t *testing.T, ctx context.Context) {
		p, err := asyncio.CreateSubprocess(ctx, child("cat"), 0)
		testkit.Must(t, err)
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return p.Wait(ctx) })
		turns(t, ctx, 2)
		task.Cancel("")
		_, err = task.Await(ctx)
		testkit.WantIs(t, "Wait", err, anyio.ErrCanceled)
		if _, ok := p.ReturnCode(); ok {
			t.Error("it has ended")
		}
		testkit.WantNil(t, "Terminate", p.Terminate())
		if code, err := p.Wait(ctx); code != terminated || err != nil {
			t.Errorf("%d %v", code, err)
		}
		if _, err := p.Stdout.Read(ctx, 1); err != io.EOF {
			t.Error(err)
		}
	})
}

// A told is a protocol that remembers what it is told.
type told struct {
	asyncio.SubprocessProtocolDefaults
	r    *record
	out  strings.Builder
	lost *asyncio.Future[error]
}

func (p *told) ConnectionMade(*asyncio.SubprocessTransport) { p.r.add("made") }
func (p *told) PipeDataReceived(fd int, data []byte)        { p.out.Write(data) }
func (p *told) PipeConnectionLost(fd int, err error)        { p.r.add("pipe%d", fd) }
func (p *told) ProcessExited()                              { p.r.add("exited") }
func (p *told) ConnectionLost(err error)                    { p.r.add("lost"); _ = p.lost.SetResult(err) }

func TestSubprocessProtocolIsToldInOrder(t *testing.T) {
	withProcesses(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		p := &told{r: &record{}, lost: asyncio.NewFuture[error](ctx)}
		tr, _, err := l.Subprocess(ctx, func() asyncio.SubprocessProtocol { return p }, child("out:out\n", "cat"))
		testkit.Must(t, err)
		if tr.PipeTransport(0) == nil || tr.PipeTransport(1) == nil || tr.PipeTransport(2) == nil || tr.PipeTransport(3) != nil || tr.IsClosing() {
			t.Error("its pipes")
		}
		_, _ = tr.PipeTransport(0).Write([]byte("in"))
		tr.PipeTransport(0).Close()
		if err, e := p.lost.Await(ctx); err != nil || e != nil {
			t.Errorf("%v %v", err, e)
		}
		all := p.r.all
		if p.out.String() != "out\nin" || all[0] != "made" || all[len(all)-1] != "lost" || len(all) != 6 {
			t.Errorf("%q %v", p.out.String(), all)
		}
		tr.Close()
		if tr.Protocol() != asyncio.SubprocessProtocol(p) {
			t.Error("another protocol")
		}

		p = &told{r: &record{}, lost: asyncio.NewFuture[error](ctx)}
		tr, _, err = l.Subprocess(ctx, func() asyncio.SubprocessProtocol { return p }, process.Command{Shell: "exit 3"})
		testkit.Must(t, err)
		_, err = p.lost.Await(ctx)
		testkit.Must(t, err)
		if code, ok := tr.ReturnCode(); code != 3 || !ok {
			t.Errorf("%d %v", code, ok)
		}
	})
}

func TestCloseKillsTheProcess(t *testing.T) {
	withProcesses(t, func(t *testing.T, ctx context.Context) {
		p := &told{r: &record{}, lost: asyncio.NewFuture[error](ctx)}
		tr, _, err := loopOf(t, ctx).Subprocess(ctx, func() asyncio.SubprocessProtocol { return p }, child("wait"))
		testkit.Must(t, err)
		tr.Close()
		_, err = p.lost.Await(ctx)
		testkit.WantNil(t, "Await", err)
		if code, ok := tr.ReturnCode(); code != killed || !ok {
			t.Errorf("%d %v", code, ok)
		}
	})
}

func TestProcessThatIsLeftIsKilledWithTheLoop(t *testing.T) {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		_, err := asyncio.CreateSubprocess(ctx, child("wait"), 0)
		return err
	})
	testkit.WantNil(t, "Run", err) // TestMain looks for children that are left
}

func TestProcessesThatCannotBeStarted(t *testing.T) {
	withProcesses(t, func(t *testing.T, ctx context.Context) {
		_, err := asyncio.CreateSubprocess(ctx, process.Command{Args: []string{"no-such-program"}}, 0)
		testkit.WantIs(t, "no program", err, exec.ErrNotFound)
		_, err = asyncio.CreateSubprocess(ctx, process.Command{}, 0)
		testkit.WantMisuse(t, "no command", err)
		timedOut, err := anyio.MoveOnAfter(ctx, 0, func(ctx context.Context) error {
			_, err := asyncio.CreateSubprocess(ctx, child("wait"), 0)
			return err
		})
		if !timedOut || err != nil {
			t.Errorf("%v %v", timedOut, err)
		}
	})
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		_, err := asyncio.CreateSubprocess(ctx, child(), 0)
		return err
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	testkit.WantIs(t, "simulation", err, errors.ErrUnsupported)
}
