package kernel

import (
	"runtime"
	"testing"
)

// Who sees that something is over may cancel others who wait for it. They have been let
// go on by then.
func TestLatchIsNotSeenOpenBeforeItsWaitersAreDecided(t *testing.T) {
	for name, opens := range map[string]func() (l *Latch, open func(), seen func() bool){
		"latch": func() (*Latch, func(), func() bool) {
			l := &Latch{}
			return l, l.Open, l.IsOpen
		},
		"failed latch": func() (*Latch, func(), func() bool) {
			l := &Latch{}
			return l, l.Fail, l.IsOpen
		},
		"task": func() (*Latch, func(), func() bool) {
			task := &Task{Scope: Scope{run: &Run{}}}
			l := task.DoneLatch()
			return l, func() { task.Settle(Finished, nil) }, func() bool {
				how, _ := task.Outcome()
				return how != Pending || task.DoneLatch().IsOpen()
			}
		},
	} {
		l, open, seen := opens()
		b := &Blocker{}
		b.Init()
		l.Enqueue(&b.Node)
		l.mu.Lock() // so that the waiter cannot be decided
		done := make(chan bool)
		go func() { open(); close(done) }()
		for range 1000 {
			if seen() {
				t.Errorf("%s: it is seen to be open before its waiter is decided", name)
				break
			}
			runtime.Gosched()
		}
		l.mu.Unlock()
		<-done
		if !seen() {
			t.Errorf("%s: it is not open", name)
		}
	}
}
