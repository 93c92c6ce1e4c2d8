package ossignal

import (
	"os"
	"os/signal"
	"sync"
)

// A redirection is a signal that somebody receives.
type redirection struct {
	by      int  // how many subscriptions
	ignored bool // it was before the first of them
}

var (
	mu         sync.Mutex // held while signals are redirected or restored
	redirected = map[os.Signal]redirection{}
)

// redirect begins to send signals to a channel. restore ends that: the last one who
// receives a signal that was ignored before the first one did lets it be ignored
// again, whatever the order in which they began and end.
func redirect(c chan<- os.Signal, sigs []os.Signal) (restore func()) {
	mu.Lock()
	defer mu.Unlock()
	different := make(map[os.Signal]bool, len(sigs))
	for _, s := range sigs {
		if !different[s] {
			different[s] = true
			d := redirected[s]
			if d.by == 0 {
				d.ignored = signal.Ignored(s)
			}
			d.by++
			redirected[s] = d
		}
	}
	signal.Notify(c, sigs...)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		signal.Stop(c)
		for s := range different {
			d := redirected[s]
			if d.by--; d.by > 0 {
				redirected[s] = d
				continue
			}
			delete(redirected, s)
			if d.ignored {
				signal.Ignore(s)
			}
		}
	}
}
