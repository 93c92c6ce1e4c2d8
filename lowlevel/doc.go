// Package lowlevel is for those who write primitives: locks, queues and the like
// that anyio does not have. It gives them schedule points, a place to park, values
// that belong to a run, and a token that stands for a run.
//
// # How a blocking call is written
//
//	func (g *Gate) Wait(ctx context.Context) error {
//		if err := lowlevel.Enter(ctx); err != nil { // schedule point, cancellation
//			return err
//		}
//		g.lot.L.Lock()
//		if g.open { // it can finish at once
//			g.lot.L.Unlock()
//			return nil
//		}
//		return g.lot.Park(ctx) // unlocks, then waits
//	}
//
// Three rules make it one that others can rely on. Enter comes first, so that in a
// canceled scope the call has no effect. When Park returns nil, somebody has chosen
// this waiter, and what it waited for is its own, even if its scope is canceled in the
// same instant; when it returns an error, nobody has. And the task that makes the wait
// come true hands it over under the lock, before Unpark, so that nobody who comes later
// is first.
//
// The method Case of a ParkingLot makes it a case of anyio.Select. The guide
// docs/guide/primitives.md writes a whole primitive, and tests it.
//
// # Limitations
//
// Two cases of one Select do not complete each other: what its cases ask for, in ready,
// is the state of a primitive and not who waits in a lot. All contexts that belong to
// no run share one value of a RunVar.
package lowlevel
