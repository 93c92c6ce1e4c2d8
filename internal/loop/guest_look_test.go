//go:build !race

package loop

import (
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A scene is a workClock on which something happens when the loop looks.
type scene struct {
	*workClock
	poll func()
}

func (c *scene) Poll() { c.workClock.Poll(); c.poll() }

// A guest looks outside before it gives control back: what has happened by then needs no
// further call of the host.
func TestGuestLooksOutsideBeforeItGivesControlBack(t *testing.T) {
	var l *Loop
	var waiting *kernel.Task
	c := &workClock{}
	clock := &scene{workClock: c, poll: func() {
		if waiting != nil {
			l.Unpark(waiting)
			waiting = nil
		}
	}}
	calls := 0
	p := Params{Budget: 128, Stride: 16, Looks: true, Clock: clock, Name: "test", Order: &queue{}}
	l = New(p)
	g := l.AsGuest(Host{Post: func(f func()) { calls++; f() }, Burst: time.Hour})
	runOn(t, l, g.Main, c, kernel.Config{}, func(l *Loop, c *workClock) {
		for range 5 {
			waiting = l.Current()
			l.Park(waiting)
		}
	})
	if calls != 1 {
		t.Errorf("the host has called %d times", calls)
	}
}
