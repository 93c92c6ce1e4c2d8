//go:build linux

package asyncio_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/process"
)

// These start programs of Linux, and send signals to this process.
var processTwins = []twin{
	{name: "subprocess_exec", main: subprocessExec},
	{name: "subprocess_null", main: subprocessNull},
	{name: "subprocess_cancel", main: subprocessCancel},
	{name: "signal_handler", main: signalHandler},
}

// piped is a command of whose standard streams those that are not named are inherited.
func piped(c process.Command, in, out, errs bool) process.Command {
	c.Stdin, c.Stdout, c.Stderr = process.Inherit, process.Inherit, process.Inherit
	if in {
		c.Stdin = process.Pipe
	}
	if out {
		c.Stdout = process.Pipe
	}
	if errs {
		c.Stderr = process.Pipe
	}
	return c
}

func program(args ...string) process.Command { return process.Command{Args: args} }

// outputs are those of a process as Python writes them.
func outputs(out, errs []byte) string {
	one := func(data []byte) string {
		if data == nil {
			return repr(nil)
		}
		return repr(data)
	}
	return fmt.Sprintf("(%s, %s)", one(out), one(errs))
}

// codeOf is a process's returncode.
func codeOf(s *asyncio.Subprocess) any {
	if code, ok := s.ReturnCode(); ok {
		return code
	}
	return nil
}

func subprocessExec(ctx context.Context, p *printer) error {
	s, err := asyncio.CreateSubprocess(ctx, piped(program("cat"), true, true, false), 0)
	if err != nil {
		return err
	}
	p.print("running", codeOf(s))
	out, errs, err := s.Communicate(ctx, []byte("through cat"))
	p.print(outputs(out, errs))
	p.print("ended", codeOf(s))
	s, err2 := asyncio.CreateSubprocess(ctx, piped(process.Command{Shell: "echo out; echo err >&2; exit 3"}, false, true, true), 0)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	out, errs, err = s.Communicate(ctx, nil)
	code, err2 := s.Wait(ctx)
	p.print(outputs(out, errs), codeOf(s), code)
	s, err3 := asyncio.CreateSubprocess(ctx, piped(program("cat"), true, true, false), 0)
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	_, err = s.Stdin.Write([]byte("line\nrest"))
	err = errors.Join(err, s.Stdin.Drain(ctx))
	p.print(got(s.Stdout.ReadLine(ctx)))
	s.Stdin.Close()
	rest := got(s.Stdout.ReadAll(ctx))
	code, err2 = s.Wait(ctx)
	p.print(rest, code)
	s, err3 = asyncio.CreateSubprocess(ctx, piped(program("sleep", "60"), false, false, false), 0)
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	err = s.Terminate()
	code, err2 = s.Wait(ctx)
	p.print("signaled", code)
	if errors.Is(s.Kill(), os.ErrProcessDone) {
		p.print("no such process")
	}
	return errors.Join(err, err2)
}

func subprocessNull(ctx context.Context, p *printer) error {
	for _, pipe := range []bool{false, true} {
		if _, err := asyncio.CreateSubprocess(ctx, piped(program("/no/such/program"), pipe, false, false), 0); errors.Is(err, fs.ErrNotExist) {
			p.print("not found")
		}
	}
	// communicate starts a process and tells what it says.
	communicate := func(c process.Command, input []byte, more func(s *asyncio.Subprocess) []any) error {
		s, err := asyncio.CreateSubprocess(ctx, c, 0)
		if err != nil {
			return err
		}
		out, errs, err := s.Communicate(ctx, input)
		p.print(append([]any{outputs(out, errs)}, more(s)...)...)
		return err
	}
	nothing := func(*asyncio.Subprocess) []any { return nil }
	null := piped(program("cat"), false, true, false)
	null.Stdin = process.Null
	dropped := piped(process.Command{Shell: "echo dropped; echo kept >&2"}, false, false, true)
	dropped.Stdout = process.Null
	both := piped(process.Command{Shell: "echo a; echo b >&2"}, false, true, false)
	both.Stderr = process.ToStdout
	return errors.Join(
		communicate(null, nil, func(s *asyncio.Subprocess) []any {
			if s.Stdin != nil || s.Stderr != nil {
				return nil
			}
			return []any{codeOf(s), nil, nil}
		}),
		communicate(dropped, nil, nothing),
		communicate(both, nil, nothing),
		communicate(piped(program("cat"), true, true, false), []byte{}, nothing),
		communicate(piped(program("true"), true, false, false), bytes.Repeat([]byte("x"), 1_000_000), func(s *asyncio.Subprocess) []any { return []any{codeOf(s)} }),
	)
}

func subprocessCancel(ctx context.Context, p *printer) error {
	s, err := asyncio.CreateSubprocess(ctx, piped(program("cat"), true, false, false), 0)
	if err != nil {
		return err
	}
	t := asyncio.CreateTask(ctx, s.Wait)
	if err := yield(ctx, 1); err != nil {
		return err
	}
	t.Cancel("")
	if canceledEnd(ctx, t) {
		p.print("canceled, code", codeOf(s))
	}
	var waits []asyncio.Awaitable[int]
	for range 3 {
		waits = append(waits, asyncio.CreateTask(ctx, s.Wait))
	}
	s.Stdin.Close()
	codes, err := asyncio.Gather(ctx, waits...).Await(ctx)
	p.print(codes)
	return err
}

func signalHandler(ctx context.Context, p *printer) error {
	loop := loopIn(ctx)
	var err error
	for _, name := range []string{"first", "second"} {
		done := asyncio.NewFuture[none](ctx)
		err = errors.Join(err, loop.AddSignalHandler(syscall.SIGUSR1, func() {
			p.print("handler", name)
			_ = done.SetResult(none{})
		}))
		loop.CallLater(10*ms, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGUSR1) })
		_, err2 := done.Await(ctx)
		err = errors.Join(err, err2)
	}
	p.print("remove", loop.RemoveSignalHandler(syscall.SIGUSR1), loop.RemoveSignalHandler(syscall.SIGUSR1))
	for _, number := range []syscall.Signal{syscall.SIGKILL, 0, 1000} {
		if refused(func() error { return loop.AddSignalHandler(number, func() {}) }) {
			p.print("refused")
		}
	}
	return err
}
