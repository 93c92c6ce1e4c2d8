// Package netconn is the socket layer over package net: of the parallel backend,
// and of an event loop on systems where that has none of its own.
//
// # How a call is canceled
//
// On an ordinary goroutine a call of package net blocks right there, inside a
// kernel.External: canceling the scope sets a deadline in the past, which makes
// the call return, and the caller removes the deadline again once it is certain
// that nobody is about to set it. No goroutine, timer or allocation belongs to a
// call. What has been read in spite of all is returned.
//
// A task of a loop must not block its thread. It hands the call to a worker and
// parks; canceled, it interrupts the call in the same way and waits for its end.
//
// A call that cannot be interrupted, as of a net.Conn without deadlines, runs on a
// goroutine of its own (pump). Canceling leaves it there, and what it brings is
// kept for the next call.
package netconn
