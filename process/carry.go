package process

import (
	"context"
	"slices"
	"sync"
)

// A carrier is one call of Carry.
type carrier struct {
	inject  func(ctx context.Context, carried map[string]string)
	extract func(ctx context.Context, carried map[string]string) context.Context
}

var (
	carriersMu sync.Mutex
	carriers   []*carrier
)

// Carry lets something of the contexts of calls travel to worker processes, such as the
// span of a trace, inside the message of each call. In the process of the caller, inject is
// called with the context of Call and a map to which it adds what is to travel. In the
// worker, extract is called with the context that the function is to get and with the map,
// and returns one that is derived from it. Several carriers share one map.
//
// A worker is this program, started again: Carry must be called in both, so before
// WorkerMain. Each worker that is started while stop has not been called gets what is sent.
// In the simulator both functions are called in this process.
func Carry(inject func(ctx context.Context, carried map[string]string), extract func(ctx context.Context, carried map[string]string) context.Context) (stop func()) {
	if inject == nil || extract == nil {
		panic(misuse("Carry: a function is nil; it needs one for each end of the way"))
	}
	c := &carrier{inject, extract}
	carriersMu.Lock()
	defer carriersMu.Unlock()
	carriers = append(slices.Clip(carriers), c)
	return func() {
		carriersMu.Lock()
		defer carriersMu.Unlock()
		carriers = slices.DeleteFunc(slices.Clone(carriers), func(other *carrier) bool { return other == c })
	}
}

// allCarriers is a list that is not written to any more.
func allCarriers() []*carrier {
	carriersMu.Lock()
	defer carriersMu.Unlock()
	return carriers
}

// carriedOf is what travels of a context, nil if nothing does.
func carriedOf(ctx context.Context) map[string]string {
	all := allCarriers()
	if len(all) == 0 {
		return nil
	}
	carried := make(map[string]string)
	for _, c := range all {
		c.inject(ctx, carried)
	}
	return carried
}

// extracted is the context of a function in a worker, with what travelled to it.
func extracted(ctx context.Context, carried map[string]string) context.Context {
	if len(carried) == 0 {
		return ctx
	}
	for _, c := range allCarriers() {
		ctx = c.extract(ctx, carried)
		if ctx == nil {
			panic(misuse("Carry: extract returned no context: return the one that it was given, or one that is derived from it"))
		}
	}
	return ctx
}
