package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// A Result is what a command has left.
type Result struct {
	Code           int    // exit code; negative, the number of the signal, if one has ended it
	Stdout, Stderr []byte // nil if the stream was no pipe
}

// ErrOutputHeld is returned by Run when the program has ended but something that it
// started keeps its output open; what was read until the grace period was over is
// in the Result. If the program has failed, it comes with the *ExitError.
var ErrOutputHeld = errors.New("process: a process left behind holds the output open")

// An ExitError is returned by Run for a program that failed.
type ExitError struct {
	Command string
	Result
}

// Error has the last line that the program wrote to its standard error. It cuts
// what is long.
func (e *ExitError) Error() string {
	text := fmt.Sprintf("process: %q ended with code %d", cut(e.Command), e.Code)
	if e.Code < 0 {
		text = fmt.Sprintf("process: %q was ended by signal %d", cut(e.Command), -e.Code)
	}
	said := bytes.TrimSpace(e.Stderr)
	if last := said[bytes.LastIndexByte(said, '\n')+1:]; len(last) > 0 {
		text += ": " + cut(string(last))
	}
	return text
}

// cut is the beginning of a text.
func cut(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// Run runs a command to its end: it writes Input, reads what comes from the pipes
// at the same time, and waits. A program that does not end with code 0 gives an
// *ExitError, which has the result, too, unless AnyExit is set. The other errors are
// those of Start, and ErrOutputHeld. Cancellation: the process is ended as Close
// does it; its output is lost.
func Run(ctx context.Context, c Command) (*Result, error) {
	input := c.Input
	if err := c.check(); err != nil {
		return nil, err
	}
	switch {
	case input != nil:
		c.Stdin = Pipe
	case c.Stdin.kind == isPipe:
		return nil, misuse("Run with a pipe as Stdin: set Input, or use Start")
	case c.Stdin.kind == isDefault:
		c.Stdin = Null
	}
	c.Input = nil
	p, err := Start(ctx, c)
	if err != nil {
		return nil, err
	}
	res := &Result{}
	held, err := p.communicate(ctx, input, c.patience(), res)
	if closing := p.Close(ctx); err == nil || closing != nil && anyio.IsCancellation(err) {
		err = closing // which says that we are canceled, and what Cancel said
	}
	if err != nil {
		return nil, err
	}
	switch failed := res.Code != 0 && !c.AnyExit; {
	case failed && held:
		return res, errors.Join(&ExitError{Command: c.String(), Result: *res}, ErrOutputHeld)
	case failed:
		return res, &ExitError{Command: c.String(), Result: *res}
	case held:
		return res, ErrOutputHeld
	}
	return res, nil
}

// communicate feeds and drains the process until it has ended, and then for as long
// as its patience lasts. held is true if the end of the output did not come.
func (p *Process) communicate(ctx context.Context, input []byte, patience time.Duration, res *Result) (held bool, err error) {
	ended := [2]bool{p.Stdout == nil, p.Stderr == nil}
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) (err error) {
		if p.Stdin != nil {
			tg.Go(func(ctx context.Context) error { return feed(ctx, p.Stdin, input) }, anyio.Name("feed"))
		}
		if p.Stdout != nil {
			tg.Go(func(ctx context.Context) (err error) {
				ended[0], err = drain(ctx, p.Stdout, &res.Stdout)
				return err
			}, anyio.Name("drain stdout"))
		}
		if p.Stderr != nil {
			tg.Go(func(ctx context.Context) (err error) {
				ended[1], err = drain(ctx, p.Stderr, &res.Stderr)
				return err
			}, anyio.Name("drain stderr"))
		}
		res.Code, err = p.Wait(ctx)
		if err == nil && patience != anyio.Forever {
			tg.SetDeadline(anyio.Now(ctx).Add(patience))
		}
		return err
	})
	return !ended[0] || !ended[1], err
}

// feed writes the input and its end. A process need not read it.
func feed(ctx context.Context, to stream.ByteSendStream, input []byte) error {
	err := to.Send(ctx, input)
	if closing := to.Close(ctx); err == nil {
		err = closing
	}
	if errors.Is(err, anyio.ErrBroken) {
		return nil
	}
	return err
}

// drain reads to the end, which it reports.
func drain(ctx context.Context, from stream.ByteReceiveStream, to *[]byte) (ended bool, err error) {
	buf := make([]byte, 0, 512)
	defer func() { *to = buf }()
	for {
		buf = slices.Grow(buf, 512)
		n, err := from.Receive(ctx, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// Output runs a program as Run does and returns its standard output. Cancellation: as
// for Run.
func Output(ctx context.Context, args ...string) ([]byte, error) {
	res, err := Run(ctx, Command{Args: args})
	if res == nil {
		return nil, err
	}
	return res.Stdout, err
}
