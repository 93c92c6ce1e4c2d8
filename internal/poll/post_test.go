package poll_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio/internal/poll"
)

func TestPost(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		var descs []*poll.Desc
		for _, name := range []string{"a", "b", "c"} {
			descs = append(descs, register(t, p, name))
		}
		reports(t, p)

		descs[1].Post(false, false)
		wantReports(t, p)
		descs[1].Post(true, false)
		p.Wait(-1)
		wantReports(t, p, "b", "r")
		wantReports(t, p)

		// Posts for one descriptor are reported together.
		descs[0].Post(true, false)
		descs[2].Post(false, true)
		descs[0].Post(false, true)
		p.Wait(-1)
		wantReports(t, p, "a", "rw", "c", "w")
		wantReports(t, p)
	})
}

func TestPostsAreReportedInOrder(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		descs := []*poll.Desc{register(t, p, 0), register(t, p, 1), register(t, p, 2)}
		reports(t, p)
		for _, i := range []int{2, 0, 1} {
			descs[i].Post(true, true)
		}
		var got []any
		p.Poll(func(data any, _, _ bool) { got = append(got, data) })
		if fmt.Sprint(got) != "[2 0 1]" {
			t.Errorf("reported %v, want [2 0 1]", got)
		}
	})
}

// A Wait must see what was posted even if an earlier Wait took its wake.
func TestPostOutlivesItsWake(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		d := register(t, p, "d")
		reports(t, p)
		d.Post(true, false)
		p.Wait(-1)
		p.Wait(-1)
		wantReports(t, p, "d", "r")
	})
}

func TestPostAfterUnregister(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		d := register(t, p, "d")
		n := p.Len()
		reports(t, p)
		d.Post(true, true)
		for range 2 {
			if err := p.Unregister(d); err != nil {
				t.Fatal(err)
			}
		}
		if got := p.Len(); got != n-1 {
			t.Errorf("Len is %d after Unregister, want %d", got, n-1)
		}
		wantReports(t, p)
		d.Post(true, true)
		wantReports(t, p)
	})
}

func TestPostInsideReady(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		d := register(t, p, "d")
		reports(t, p)
		d.Post(true, false)
		n := p.Poll(func(any, bool, bool) { d.Post(false, true) })
		if n != 1 {
			t.Errorf("Poll made %d reports, want 1: the second post came during it", n)
		}
		p.Wait(-1)
		wantReports(t, p, "d", "w")
	})
}

func TestNoPostIsLost(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		const descs, each = 4, 5000
		var posted [descs]atomic.Int64
		var seen [descs]int64
		var wg sync.WaitGroup
		var ds []*poll.Desc
		for i := range descs {
			ds = append(ds, register(t, p, i))
		}
		reports(t, p)
		for i, d := range ds {
			for range 2 {
				wg.Go(func() {
					for range each {
						posted[i].Add(1)
						d.Post(true, false)
					}
				})
			}
		}
		done := func() bool {
			for _, s := range seen {
				if s != 2*each {
					return false
				}
			}
			return true
		}
		for !done() {
			p.Wait(-1)
			p.Poll(func(data any, _, _ bool) {
				if i, ok := data.(int); ok {
					seen[i] = posted[i].Load()
				}
			})
		}
		wg.Wait()
	})
}
