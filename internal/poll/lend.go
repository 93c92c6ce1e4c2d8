package poll

// To wake a goroutine is not all: somebody has to run it. Often that costs more
// than what the loop is to do, and whoever wakes it has nothing else to do but wait
// for it. So a goroutine may borrow a loop that is parked, do the loop's work, and
// give it back, while the loop's own goroutine stays where it is. That works only
// where it waits on a channel: in Go's poller it would look at the descriptors.

// Borrow takes the loop from its goroutine, if that is parked without descriptors
// and nobody has called Wake since. The caller may then do all that the loop may,
// but for Wait and Close, until Return succeeds or HandOver is called.
func (p *Poller) Borrow() bool {
	return p.state.Load() == parkedOnBed && p.state.CompareAndSwap(parkedOnBed, parkedOnBed|lent)
}

// Return gives a borrowed loop back as it was, its goroutine sleeping on, unless
// there is something for it to do: descriptors, a timeout that has passed, a Wake.
func (p *Poller) Return() bool {
	return p.n == 0 && p.state.CompareAndSwap(parkedOnBed|lent, parkedOnBed)
}

// Heed takes back what Wake has said to a borrower, who must look at the loop's
// queues afterwards. It returns false if the loop's goroutine should have the loop.
func (p *Poller) Heed() bool {
	return p.state.And(^woken)&wanted == 0 && p.n == 0
}

// HandOver gives a borrowed loop back to its goroutine, whose Wait ends.
func (p *Poller) HandOver() {
	p.state.Store(parkedOnBed | woken)
	p.bed.unpark()
}

// demand ends the park of the loop's goroutine. If the loop is lent it waits for it.
//
//go:norace
func (p *Poller) demand() {
	for {
		s := p.state.Load()
		switch {
		case s&lent == 0:
			if p.state.CompareAndSwap(s, idle) {
				return
			}
		case p.state.CompareAndSwap(s, s|wanted):
			<-p.bed.tokenc
		}
	}
}
