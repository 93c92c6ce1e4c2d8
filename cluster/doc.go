// Package cluster runs functions on other machines, under the rules of anyio: a group does
// not end before its remote tasks have, cancellation and deadlines reach them, their errors
// and panics come back, and nothing is left running. The machines talk over NATS; without
// any configuration a NATS server runs inside the process.
//
//	var resize = process.Register("resize", func(ctx context.Context, img Image) (Image, error) { … })
//
//	c, err := cluster.Open(ctx, cluster.Config{URL: "nats://10.0.0.1:4222"})
//	…
//	defer c.Close(ctx)
//	small, err := cluster.Call(ctx, c, resize, img)
//
// Functions are those of package process: the same one can be called here, in a worker
// process, and on another machine. Call calls one, Go does so as a task of a group, and Map
// calls it for many items.
//
// # Workers
//
// A worker is a member that calls Work, inside any run. It takes as many calls as it has
// tokens in a limiter. A worker without room refuses a call, and is not subscribed to others
// of its kind any more; so the caller tries the next one, and the server tells it if there
// is none; then it waits, behind those that have come before, or fails, as it chooses.
// Labels select workers.
//
// Name and types of a function are a part of the subject on which it is called. While a
// program is renewed, so that workers differ in the types, each call goes to one that has
// those of the caller. If there is none, the error says what the workers have.
//
// # Streams
//
// A stream has its two ends at different members. One is made by NewReceiver or NewSender,
// which return an Address; the other is opened there, also within a function that got
// the address with its argument: so it sends what it has so far. The receiver allows each
// sender so many items, and more as it takes them. They come in order, and at most once;
// if a message or a member is lost, both ends are broken.
//
// # Jobs
//
// A job is a call that the server keeps until it is over, so that it needs no process to
// stay. Submit stores one, and another process may wait for it, or cancel it, by its ID.
// Workers with Worker.Jobs take jobs, each no more than it has room for. The server is one
// with JetStream, as that in the process is.
//
//	job, err := cluster.Submit(ctx, c, resize, img, cluster.Key(img.Name))
//	…
//	job, err := cluster.Attach(ctx, c, resize, id) // in another process
//	small, err := job.Await(ctx)
//
// # What is promised
//
// A call is made at most once: a message that is lost, a worker that is killed or cut off,
// give a *process.BrokenWorkerError, after Config.Lost at the latest (and the time between
// two heartbeats), and whether the function has run is unknown.
//
// A canceled call ends when the function has ended. The request to end goes to the worker
// directly, so it needs half a round trip. A caller that dies, or is cut off, is noticed in
// the same time as a lost worker, and its calls are canceled; a worker that cannot reach
// the server cancels what it runs for others after that time, too, as it cannot report it.
//
// A job is done at least once: from when Submit returns without an error until its result
// is stored, the server gives it to a worker again when the one that has it dies, or has
// not been heard of for Config.Lost. So the function may run more than once, even at the
// same time, if a worker was suspended or cut off; the first result that is stored is the
// job's, and the others are told to end. With Key, a job that is submitted again is the
// same one for as long as it is there or its result is kept. A caller that dies, changes
// nothing. A server that dies, loses what it has in memory; with a directory jobs go on
// when it is there again, and members connect again by themselves.
//
// The error of a function, and its panic, are results; Retry asks for another attempt.
// After so many attempts a job is a dead letter, for 30 days, and Await returns a
// *DeadJobError. Conn.DeadLetters lists the letters; one that is resubmitted is a job with
// the same ID again, and never lost: the letter is deleted after the job is stored. Tools
// of NATS find a letter as a message with the subject PREFIX.jd.ID, in the stream
// PREFIX-dead, with the headers Anyio-Reason and Anyio-Attempts. What a worker hands back,
// as it was canceled, was no attempt.
//
// # Locks
//
// A Lock, a Semaphore and an Event are entries in a key-value store of JetStream, which the
// server has to have on. Each change compares the revision that it replaces. Who waits is
// woken by the change.
//
// Who holds a Lock has a lease, which its member renews. Clocks are not compared: a holder
// counts its lease from before the request that renews it, a waiter from after it has seen
// the renewal. So if clocks of machines go at about the same speed, a holder that is cut
// off knows that it has lost the lock before another one gets it, and Do cancels what it
// does. What no lease can promise is that the holder acts on that in time: a process that
// is suspended, or a write that is late in the network, can come after the next holder's.
// For this there is the fencing token, which increases from holder to holder: what the lock
// guards must refuse a token smaller than one that it has seen. See Martin Kleppmann, "How
// to do distributed locking",
// https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html.
//
// When the network splits, members on the side without the store, or without the majority
// of its replicas, lose what they hold, and get errors; the others go on. A store that is
// lost, as one in memory is when its server ends, has forgotten holders, tokens and events.
//
// # The simulator
//
// All of it works in simulated runs, over a server that simnats.Serve makes on one of the
// hosts of the simulated network, and is named by Config.URL; without a URL there is one for
// each member, inside the run. So a distributed program is searched from a seed, with
// workers and servers that are killed and networks that are cut; a simnats.Store is the disk
// of such a server. Close must be called by the task that has called Open there.
//
// # Who is there
//
// Members asks all members what they do; Statistics counts. A task that waits for a call is
// seen by package inspect to wait for the end of a function on a worker, and one in Await for
// that of a job.
//
// # Limitations
//
// A member that is suspended, and of which nobody knows, is not missed by Members.
//
// Now and then the server delivers a job to a worker that stops asking at this moment, and
// nobody gets it. If that is the first delivery of a job with several attempts, it is one of
// them, as what begins is noted only from the second on. No job is given up before its last
// attempt has begun, as far as its worker knew.
//
// A function that calls others, as Serving lets it, keeps its token while it waits. If all
// tokens are kept so, such calls wait for each other for ever: have functions that call
// others, and those that they call, served by calls of Work with a room for each.
//
// A holder that dies keeps a lock for its lease, counted by a waiter from when that has
// seen it first. The store keeps an entry for each name. Each renewal is a write, so that
// a semaphore with hundreds of holders wants a long lease.
//
// Members trust each other: who can publish on the subjects can call every function that
// workers serve, and what is sent is not encrypted but by the connection. Use the accounts,
// credentials and TLS of NATS, by Config.Options. The server in this process listens only
// where Config.Listen says, and asks nobody for a password.
//
// Arguments, results and items of streams are single messages, of 1 MiB at most with a
// server's default. The clocks of machines may differ: deadlines travel as the time that is
// left.
//
// Jobs have no labels: they go to workers that have the function, see Worker.Functions.
// Their results are not kept for ever, but as long as the job says, in whole seconds. A
// server writes to its disk, and leaves it to the system when that is there for good: a
// machine that loses power may lose the last jobs. SyncAlways of Config.Server is slower,
// and does not. Jobs need NATS 2.11 or newer. Streams are made with Config.Replicas, and are
// left as they are if they are there: change them by the tools of NATS.
package cluster
