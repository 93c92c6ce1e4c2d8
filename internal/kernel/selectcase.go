package kernel

// OpSelect is what a Select waits for. Who wakes it takes it out of the queues of all its
// cases.
var OpSelect = RegisterOp("Select")

// A Case is one thing that a Select may wait for. A Select calls Begin once, then
// Try, and if nothing was ready, Enqueue of all cases with one waiter. The case
// whose node was fired gets Result, the others Dequeue. In a run that has a Drawer it calls
// Ready of all, and then Try of one.
type Case interface {
	// Begin prepares the case for a Select at p. p.S is nil in a TrySelect.
	Begin(p Place)
	// Try does the operation if it need not wait. done says whether it did, or
	// failed.
	Try() (done bool, err error)
	// Ready reports whether Try would do it now. It changes nothing that others see.
	Ready() bool
	// Enqueue puts w into the primitive's queue, to be woken with that Index. It
	// returns false, and does nothing, if Try could succeed now; w itself,
	// standing in the queue for another case, is no partner.
	Enqueue(w *Waiter, index int) bool
	// Dequeue undoes Enqueue; afterwards nobody touches w.
	Dequeue()
	// Result finishes an operation that was granted while w waited.
	Result() error
}

// A Drawer makes choices of a run other than which task is next, where all outcomes are to
// be seen and not only one that is drawn at random.
type Drawer interface {
	// Draw returns a number less than n, which is 2 at least.
	Draw(n int) int
}
