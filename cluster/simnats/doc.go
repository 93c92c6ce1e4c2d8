// Package simnats is a NATS server made of tasks, for the simulator: programs that use
// package cluster, or the protocol of NATS itself, are tested there over a network with
// faults, in virtual time, from a seed. It runs on every backend, and real clients can use
// it, which is how it is held to what a real server does.
//
//	err := sim.RunOnHost(ctx, "nats", func(ctx context.Context) error {
//		l, err := socket.ListenTCP(ctx, "", 4222)
//		…
//		return simnats.Serve(ctx, l)
//	})
//
// It has subjects with wildcards, queue groups, of whose members one is drawn for each
// message, and tells who asks that nobody listens. What a client publishes comes to another
// in the order in which it was published.
//
// # Limitations
//
// There is no JetStream, no cluster of servers, no account and no TLS.
package simnats
