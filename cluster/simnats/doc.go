// Package simnats is a NATS server made of tasks, for the simulator: programs that use
// package cluster, or the protocol of NATS itself, are tested there over a network with
// faults, in virtual time, from a seed. It runs on every backend, and real clients can use
// it, which is how it is held to what a real server does.
//
//	err := sim.RunOnHost(ctx, "nats", func(ctx context.Context) error {
//		l, err := socket.ListenTCP(ctx, "", 4222)
//		…
//		return simnats.Serve(ctx, l, nil)
//	})
//
// It has subjects with wildcards, queue groups, of whose members one is drawn for each
// message, and tells who asks that nobody listens. What a client publishes comes to another
// in the order in which it was published.
//
// Of JetStream it has what package cluster uses: streams, with limits or as work queues,
// with the newest message of each subject and the next after a number, the sequence that a message is to replace, times
// after which messages end, and messages that are published again; consumers that are asked
// for messages, which are acknowledged, handed back at once or later, kept at work, and
// delivered again after AckWait, MaxDeliver times; purges. With a Store it outlives a server
// whose host is killed, as a disk does:
//
//	store := &simnats.Store{} // outside of the host
//	…
//	return simnats.Serve(ctx, l, store)
//
// # Limitations
//
// There is no cluster of servers, no account and no TLS. Streams have no window of message
// IDs, no mirrors, and consumers of work queues alone; who asks for something else of
// JetStream gets an error, or hears that nobody listens.
package simnats
