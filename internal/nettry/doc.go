// Package nettry gives sockets of package net the face for callbacks, for an event loop on
// a system whose poller knows of no descriptors.
//
// What the system can do at once it does within the attempt: sockets that are attempted
// are non-blocking. Only waiting is left to goroutines, which end when there is news. One
// waits until there is something to read, without a buffer, and takes nothing, so that
// nothing can be lost or come out of order between attempts and calls that block. To write
// there is no such wait, on Windows: a piece of what did not fit is written by a
// goroutine, and counts as written by the next attempt. Listeners and files, which have no
// attempts, are accepted from and read ahead: one connection, one buffer.
package nettry
