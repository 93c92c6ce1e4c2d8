package simloop

import "testing"

// What StepTimeout promises: a system call may take 10 times as long, and what computes
// 60 times. Looks that see nobody count as little as the latter.
func TestStatesOfAStepAreGivenTheirTime(t *testing.T) {
	for _, c := range []struct {
		state string
		times int // StepTimeout
	}{
		{"chan receive", 1}, {"chan send", 1}, {"chan receive (nil chan)", 1}, {"select", 1}, {"select (no cases)", 1},
		{"semacquire", 1}, {"sync.Mutex.Lock", 1}, {"sync.Cond.Wait", 1}, {"sync.WaitGroup.Wait", 1}, {"sleep", 1},
		{"IO wait", 1}, {"coroutine", 1},
		{"syscall", 10},
		{"running", 60}, {"runnable", 60}, {"GC assist wait", 60}, {"", 60},
	} {
		n := 0
		for weight := 0; weight < enough; weight += weightOf(c.state) {
			n++
		}
		if n != c.times*looks {
			t.Errorf("%q: %d looks, want %d", c.state, n, c.times*looks)
		}
	}
}
