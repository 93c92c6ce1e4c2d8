package anyiotest_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
)

// A bank makes each deposit once, though its customer asks again if the connection breaks:
// it knows the numbers of those that it has made. But it notes a number only after it has
// answered.
func ExampleFaults() {
	deposits := func(t testing.TB, ctx context.Context) {
		balance, done := 0, map[byte]bool{} // on the bank's disk
		var lock anyio.Lock                 // guards them
		handle := func(ctx context.Context, c *socket.Stream) error {
			defer c.Close(ctx)
			number := make([]byte, 1)
			if _, err := c.Receive(ctx, number); err != nil {
				return ctx.Err()
			}
			if err := lock.Acquire(ctx); err != nil {
				return err
			}
			defer lock.Release()
			if !done[number[0]] {
				balance += 100
				if err := anyio.Sleep(ctx, time.Millisecond); err != nil { // it is written
					return err
				}
			}
			if err := c.Send(ctx, []byte{1}); err != nil {
				return ctx.Err()
			}
			done[number[0]] = true
			return nil
		}
		deposit := func(ctx context.Context, number byte) error {
			c, err := socket.DialTCP(ctx, "bank", 80)
			if err != nil {
				return err
			}
			defer c.Close(ctx)
			if err := c.Send(ctx, []byte{number}); err != nil {
				return err
			}
			_, err = c.Receive(ctx, make([]byte, 1))
			return err
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("done")
			tg.Go(func(ctx context.Context) error {
				return sim.RunOnHost(ctx, "bank", func(ctx context.Context) error {
					l, err := socket.ListenTCP(ctx, "", 80)
					if err != nil {
						return err
					}
					defer l.Close(ctx)
					return l.Serve(ctx, nil, handle)
				})
			})
			for number := range byte(3) {
				for deposit(ctx, number) != nil {
					if err := anyio.Sleep(ctx, time.Second); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil || balance != 300 {
			t.Errorf("the balance is %d, error %v", balance, err)
		}
	}
	reset := sim.Faults{Max: 2, Kinds: []sim.FaultKind{sim.FaultReset}}
	for _, options := range [][]anyiotest.Option{nil, {anyiotest.Faults(reset)}} {
		t := &reporter{}
		anyiotest.Search(t, deposits, append(options, anyiotest.Schedules(300))...)
		fmt.Printf("%v %q\n", strings.Contains(t.text, "the balance is 400"), regexp.MustCompile(`reset \S+ - \S+`).FindString(t.text))
	}
	// Output:
	// false ""
	// true "reset bank - localhost"
}

// A reporter stands for a testing.T where there is none.
type reporter struct {
	testing.TB
	text string
}

func (*reporter) Helper()             {}
func (*reporter) Name() string        { return "TestDeposits" }
func (*reporter) Logf(string, ...any) {}
func (r *reporter) Error(args ...any) { r.text = fmt.Sprint(args...) }
