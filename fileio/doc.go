// Package fileio has files, paths and temporary files for tasks.
//
// A call on a file may block, and a file, unlike a socket, cannot be waited for. So
// each call goes where it holds up nobody: on the parallel backend it is made in
// place and costs what package os costs, on the event loop it is made on another
// goroutine while the loop goes on, and in the simulator it is one step that takes
// no time.
//
// # Cancellation
//
// Every call takes a context and is a checkpoint first: in a canceled scope it has no
// effect. Once it has begun it is not abandoned: its result is returned, also if the
// scope is canceled meanwhile, so that no byte is lost and no file is left half made;
// the next call is canceled then. Whatever consists of many calls, such as Copy, Walk
// and Glob, looks at the scope between them. For what may block without end, such as
// a terminal or a FIFO, see stream.FromReader, whose calls can be left.
//
// # Errors
//
// Errors are those of package os, so errors.Is(err, fs.ErrNotExist) and the like
// tell them apart. The end of a file is anyio.ErrEndOfStream, which is io.EOF; a call
// on a closed file gives anyio.ErrClosed.
package fileio
