//go:build unix

package process_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/process"
)

func ExampleRun() {
	ctx := context.Background()
	res, err := process.Run(ctx, process.Command{Args: []string{"tr", "a-z", "A-Z"}, Input: []byte("hello")})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(res.Stdout))
	_, err = process.Run(ctx, process.Command{Shell: "echo no such record >&2; exit 4"})
	if e, ok := errors.AsType[*process.ExitError](err); ok {
		fmt.Println(e.Code, err)
	}
	// Output:
	// HELLO
	// 4 process: "echo no such record >&2; exit 4" ended with code 4: no such record
}

// The program is a task: that it fails cancels the others.
func ExampleTask() {
	err := anyio.WithTaskGroup(context.Background(), func(ctx context.Context, tg *anyio.TaskGroup) error {
		p, err := anyio.Start(ctx, tg, process.Task(process.Command{Shell: "read line; exit 7"}), anyio.Name("helper"))
		if err != nil {
			return err
		}
		defer p.Close(ctx)
		if err := p.Stdin.Send(ctx, []byte("go on\n")); err != nil {
			return err
		}
		return anyio.SleepForever(ctx)
	})
	fmt.Println(err)
	// Output: helper: process: "read line; exit 7" ended with code 7
}

// A deadline ends the process as well, and those that it has started.
func ExampleStart() {
	ctx := context.Background()
	timedOut, err := anyio.MoveOnAfter(ctx, 200*time.Millisecond, func(ctx context.Context) error {
		p, err := process.Start(ctx, process.Command{Shell: "echo started; sleep 1000 & wait", KillGroup: true})
		if err != nil {
			return err
		}
		defer p.Close(ctx)
		buf := make([]byte, 100)
		n, err := p.Stdout.Receive(ctx, buf)
		if err != nil {
			return err
		}
		fmt.Print(string(buf[:n]))
		_, err = p.Wait(ctx)
		return err
	})
	fmt.Println(timedOut, err)
	// Output:
	// started
	// true <nil>
}
