package poll_test

import (
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/poll"
)

// BenchmarkWake measures the time from Wake to the return of Wait: two loops
// wake each other in turn, and the time is that of one such wake.
func BenchmarkWake(b *testing.B) {
	for name, newPoller := range poll.Modes {
		for _, timeout := range []time.Duration{-1, time.Minute} {
			b.Run("mode="+name+"/timeout="+timeout.String(), func(b *testing.B) {
				loops := [2]*poll.Poller{newPoller(b), newPoller(b)}
				turn := make([]chan struct{}, 2) // says that a wake is meant, not spurious
				for i := range turn {
					turn[i] = make(chan struct{}, 1)
				}
				b.ReportAllocs()
				donec := make(chan struct{})
				half := b.N / 2
				rally := func(me int) {
					for range half {
						for meant := false; !meant; {
							loops[me].Wait(timeout)
							select {
							case <-turn[me]:
								meant = true
							default:
							}
						}
						turn[1-me] <- struct{}{}
						loops[1-me].Wake()
					}
				}
				b.ResetTimer()
				go func() {
					defer close(donec)
					rally(1)
				}()
				turn[0] <- struct{}{}
				loops[0].Wake()
				rally(0)
				<-donec
			})
		}
	}
}

// BenchmarkWakeUnneeded is a Wake of a loop that runs.
func BenchmarkWakeUnneeded(b *testing.B) {
	for name, newPoller := range poll.Modes {
		b.Run("mode="+name+"/case=first", func(b *testing.B) {
			p := newPoller(b)
			for b.Loop() {
				p.Wake()
				p.Wait(0)
			}
		})
		b.Run("mode="+name+"/case=again", func(b *testing.B) {
			p := newPoller(b)
			for b.Loop() {
				p.Wake()
			}
		})
	}
}

// BenchmarkPollNothing is a Poll when nothing is ready.
func BenchmarkPollNothing(b *testing.B) {
	for name, newPoller := range poll.Modes {
		b.Run("mode="+name, func(b *testing.B) {
			p := newPoller(b)
			ready := func(any, bool, bool) {}
			for b.Loop() {
				p.Poll(ready)
			}
		})
	}
}

// BenchmarkTimeout is a Wait that ends at once because of its timeout.
func BenchmarkTimeout(b *testing.B) {
	for name, newPoller := range poll.Modes {
		b.Run("mode="+name, func(b *testing.B) {
			p := newPoller(b)
			for b.Loop() {
				p.Wait(1)
			}
		})
	}
}
