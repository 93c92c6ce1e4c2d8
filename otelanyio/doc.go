// Package otelanyio tells OpenTelemetry what the runs of a process do: each task is a span,
// and what tasks do and how long they wait are metrics.
//
//	stop, err := otelanyio.Instrument()
//
// is called once, before the runs it is to tell of, in programs that have set up
// OpenTelemetry.
//
// # Spans
//
// A task's span has the task's name. Its parent is the span in the context that the task's
// group was opened in: that of the task which opened it, or one that the program has
// started there. What portal.Call, portal.Start and anyio.Start start is a child of the
// caller's span; through a portal its baggage goes along. A function that is given to
// anyio.RunBlocking has the context of its task, and functions in worker processes of
// package process get the span and the baggage of their callers. So do functions on other
// machines, by module cluster, if both programs have called Instrument: each is a task of its
// worker, whose span is a child of the caller's. Each attempt of a job is a child of the
// span in which it was submitted.
//
// A span has the attributes anyio.run, anyio.task, anyio.backend and anyio.outcome. A task
// that has failed has its error recorded, and the status Error. When a scope or group of a
// task is canceled its span gets the event "scope canceled", and when it ends by a
// cancellation, "canceled". Both have the attribute anyio.cause: who canceled, why and where.
//
// # Metrics
//
//	anyio.tasks.started   tasks that have begun
//	anyio.tasks.ended     tasks that have ended, by anyio.outcome: finished, canceled, failed
//	anyio.tasks.active    tasks that have begun and not ended
//	anyio.wait.duration   how long waits took, in seconds, by anyio.operation: "Event.Wait"
//	anyio.loop.lateness   how much later than due event loops fired timers, in seconds
//
// All but the last tell anyio.backend as well. Times are of the clock of the run: in the
// simulator it is virtual.
//
// In programs that use the module cluster there are also
//
//	anyio.cluster.calls.started   calls that this process has made, or waits to make
//	anyio.cluster.calls.waited    those that had to wait for room
//	anyio.cluster.calls.ended     by anyio.outcome: done, failed, broken, canceled, refused
//	anyio.cluster.served          calls that workers of this process have taken
//	anyio.cluster.busy            calls that they have refused, as they had no room
//	anyio.cluster.running         calls and jobs that run here
//	anyio.cluster.capacity        how many there is room for
//	anyio.cluster.jobs.submitted  jobs that this process has submitted
//	anyio.cluster.jobs.taken      attempts of jobs that have begun here
//	anyio.cluster.jobs.ended      by anyio.outcome: done, retried, returned, dead
//
// They count from the begin of the process, see [inspect.ClusterNumbers].
//
// # Limitations
//
// Tasks that had begun before Instrument are not told of. A span for each of many short
// tasks costs more than they do: see [WithSpans]. Spans are ended by the tasks, so that an
// exporter which sends at once holds up tasks, or their whole event loop: use one that sends
// in the background. From the simulator, too, it sends what it has over the true network.
// A worker process is killed when its run ends: what it has not sent by then is lost.
package otelanyio
