package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
)

func TestAsCompletedGivesHandlesInTheOrderOfTheirEnd(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var first, second, third anyio.Event
		gates := []*anyio.Event{&first, &second, &third}
		third.Set()
		var got []int
		for h, err := range anyio.AsCompleted(ctx, after(&first, 0), after(&second, 1), after(&third, 2)) {
			if err != nil {
				t.Fatal(err)
			}
			v, err := h.Value()
			if err != nil || h.Status() != anyio.Finished || h.Name() == "" {
				t.Errorf("%v: %v", h, err)
			}
			if got = append(got, v); v > 0 {
				gates[v-1].Set()
			}
		}
		if !slices.Equal(got, []int{2, 1, 0}) {
			t.Errorf("order %v", got)
		}
	})
}

func TestAsCompletedNeedsAFunction(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var last error
		for h, err := range anyio.AsCompleted[int](ctx) {
			if h != nil {
				t.Error("a handle")
			}
			last = err
		}
		var misuse *anyio.MisuseError
		if !errors.As(last, &misuse) {
			t.Error(last)
		}
	})
}

func TestAsCompletedErrorComesLastInAGroup(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		boom := errors.New("boom")
		var canceled, ready, go2 anyio.Event
		ready.Set()
		var got []int
		var last error
		for h, err := range anyio.AsCompleted(ctx, forever(&canceled), after(&ready, 1), func(ctx context.Context) (int, error) {
			return 0, errors.Join(go2.Wait(ctx), boom)
		}) {
			if last = err; err == nil {
				v, _ := h.Value()
				got = append(got, v)
				go2.Set()
			}
		}
		var group *anyio.GroupError
		if !errors.As(last, &group) || !errors.Is(last, boom) || !slices.Equal(got, []int{1}) {
			t.Errorf("%v, %v", got, last)
		}
		if !canceled.IsSet() {
			t.Error("the rest was not canceled")
		}
	})
}

func TestLeavingAsCompletedEarlyCancelsTheRest(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var canceled, ready anyio.Event
		ready.Set()
		n := 0
		for _, err := range anyio.AsCompleted(ctx, forever(&canceled), after(&ready, 1)) {
			if n++; err != nil {
				t.Error(err)
			}
			break
		}
		if n != 1 || !canceled.IsSet() {
			t.Errorf("%d rounds, canceled %v", n, canceled.IsSet())
		}
		if err := anyio.Sleep(ctx, 0); err != nil {
			t.Errorf("after the loop: %v", err)
		}
	})
}

func TestPanicInTheLoopOverAsCompletedCancelsTheRest(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var canceled, ready anyio.Event
		ready.Set()
		defer func() {
			if v := recover(); v != "mine" || !canceled.IsSet() {
				t.Errorf("panic %v, canceled %v", v, canceled.IsSet())
			}
		}()
		for range anyio.AsCompleted(ctx, forever(&canceled), after(&ready, 1)) {
			panic("mine")
		}
	})
}

func TestPanicInAFunctionOfAsCompletedIsRaisedInTheLoop(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		defer func() {
			pe, ok := recover().(*anyio.PanicError)
			if !ok || pe.Value != "theirs" {
				t.Errorf("panic %v", pe)
			}
		}()
		for h, err := range anyio.AsCompleted(ctx, func(context.Context) (int, error) { panic("theirs") }) {
			t.Errorf("%v, %v", h, err)
		}
	})
}

func ExampleAsCompleted() {
	fetch := func(name string, d time.Duration) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) { return name, anyio.Sleep(ctx, d) }
	}
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		for h, err := range anyio.AsCompleted(ctx, fetch("slow", 2*time.Second), fetch("quick", time.Second)) {
			if err != nil {
				return err
			}
			page, _ := h.Value()
			fmt.Println(page)
		}
		return nil
	}, anyio.On(sim.New(sim.Config{})))
	// Output:
	// quick
	// slow
}
