package offload

import (
	"testing"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/locktest"
)

// A caller who was canceled leaves after the call has ended and was closed: nobody else
// takes what it has brought.
func TestWhoLeavesAClosedCallDropsItsResult(t *testing.T) {
	dropped := 0
	c := Call[int]{Drop: func(v int) { dropped += v }}
	if err := c.enter(kernel.Place{}); err != nil {
		t.Fatal(err)
	}
	c.started = true
	c.result.Value = 5
	c.Finish(false)
	c.Close()
	if dropped != 0 {
		t.Error("the result was dropped while its caller could take it")
	}
	if c.leave(); dropped != 5 {
		t.Errorf("%d was dropped, want 5", dropped)
	}
}

func TestCallsAreUsedUnderTheirLocks(t *testing.T) {
	takes := func(what string, f func(c *Call[int])) {
		c := &Call[int]{f: never}
		locktest.Takes(t, what, &c.mu, func() { f(c) })
	}
	var p kernel.Place
	takes("enter", func(c *Call[int]) { _ = c.enter(p) })
	takes("leave", (*Call[int]).leave)
	takes("the end", (*Call[int]).RunJob)
	takes("Close", func(c *Call[int]) { c.Close() })
	takes("Close of an End", func(c *Call[int]) { c.End.Close() })
	takes("a wait for the end", func(c *Call[int]) {
		c.closed = true
		_ = c.End.Await(p, 0, nil, nil)
	})
	takes("a shielded wait for the end", func(c *Call[int]) {
		c.ended = true
		c.End.AwaitAnyway(p, 0)
	})
}

func never() (int, error) { return 0, nil }
