// Package stream has streams of objects and of bytes, which obey the scope that
// the caller's context belongs to.
//
// # Object streams
//
// An object stream carries values of one type. [Memory] makes one inside the
// process: a pair of ends, each of which may be cloned so that many tasks send
// and many receive. In place of a channel and a select with ctx.Done one writes
//
//	err := send.Send(ctx, item)
//	item, err := recv.Receive(ctx)
//	for item, err := range recv.All(ctx) { … }
//
// Sequences such as that of All wait. To read several side by side use [Pull], not
// iter.Pull2, which must not be given what waits in a task of a loop.
//
// A stream ends when its last sender is closed: what is buffered is still
// received, then Receive returns [anyio.ErrEndOfStream]. When the last receiver
// is closed, senders get [anyio.ErrBroken]. A call on an end that was closed
// itself returns [anyio.ErrClosed].
//
// # Byte streams
//
// A [ByteStream] carries bytes: a socket, TLS, or a [Pipe] in memory. Wrappers make
// of it what protocols want: [NewBuffered] receives by count and by delimiter,
// [NewText] carries text in some encoding, [Staple] makes one stream of two halves.
// A [Listener] accepts streams, a [Connectable] connects them.
//
// # Cancellation
//
// A call in a canceled scope has no effect, even if it could have finished at
// once. A cancellation never loses an item: either the call returns the
// cancellation and nothing was sent or received, or the other side has already
// completed the operation and its result is returned.
//
// # Limitations
//
// One task at a time may receive from a byte stream, and one may send; others get a
// *BusyError. Memory, Broadcast and Pipe connect tasks of one process.
//
// What blocks in an io.Reader or io.Writer is not interrupted: FromReader and
// FromWriter let the caller go and leave the call to its goroutine. A task of a
// simulation cannot wait for a native channel, and sending to one cannot be a case of
// Select.
package stream
