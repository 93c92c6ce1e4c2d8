// Package aiter has what itertools and functools.reduce are in Python, for sequences whose
// items may be waited for: an iter.Seq2[T, error] such as All of a stream, Lines of a file
// or anyio.AsCompleted. Names are those of packages slices, maps and iter, where there are
// any.
//
//	lines := stream.NewBuffered(conn).Lines(ctx, 4096)
//	requests := aiter.Filter(ctx, lines, isRequest)
//	for batch, err := range aiter.Chunk(ctx, requests, 100) { … }
//
// # Errors
//
// An error is the last that comes out of a sequence: it is yielded once, with the zero
// value of T. That of what a sequence is made of is handed on as it is, and so is the
// error of a function that was given.
//
// # Cancellation
//
// Each sequence checks the ctx it was made with before it asks for an item, also before
// the first, and lets other tasks run now and then. An item that was taken from a
// sequence is not dropped for a cancellation: it is yielded first, unless it had to wait
// for a function or for items of another sequence. What waits for items is the sequence
// below, in its own context. Leaving a loop leaves the sequences below.
//
// # Limitations
//
// A sequence may be ranged over again if what it is made of may; that of a stream then
// goes on where it was. Nothing runs ahead or at the same time: for that, anyio.ForEach2,
// anyio.Map and stream.Memory. Sequences without errors are those of package iter; From
// makes one with errors of them.
package aiter
