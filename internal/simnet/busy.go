package simnet

import "time"

// times are some of the times at which packets were sent or arrived: all, or every second,
// every fourth and so on of them, as many as there is room for.
type times struct {
	some   []time.Duration
	stride int // one in so many is kept
	skip   int // so many more are not kept
}

const maxTimes = 256

// busy notes that a packet is sent or arrives.
func (n *Net) busy() {
	if !n.cfg.NoteBusy {
		return
	}
	t, now := &n.times, time.Duration(n.clock.Now())
	switch {
	case len(t.some) > 0 && t.some[len(t.some)-1] == now:
		return
	case t.skip > 0:
		t.skip--
		return
	case len(t.some) == maxTimes:
		for i := range maxTimes / 2 {
			t.some[i] = t.some[2*i]
		}
		t.some = t.some[:maxTimes/2]
		t.stride = max(1, t.stride) * 2
	}
	t.some = append(t.some, now)
	t.skip = max(1, t.stride) - 1
}

// Busy are times at which packets were sent or arrived, in order, if Config.NoteBusy is
// set.
func (n *Net) Busy() []time.Duration {
	n.lock()
	defer n.unlock()
	return n.times.some
}
