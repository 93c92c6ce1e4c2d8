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
// and Glob, looks at the scope between them.
//
// A pipe, a FIFO or a terminal may block without end. Where the system can wait for it,
// which it can if an os.File of it takes deadlines, a Read or Write of a File is canceled
// while it waits, and no byte is lost; so is a ReadLine. The calls on what only blocks,
// such as a terminal that is os.Stdin, cannot be left: see stream.FromReader. Opening a
// FIFO waits until somebody opens its other end, and cannot be left either, except with
// the flags os.O_RDWR or syscall.O_NONBLOCK, with which it does not wait. In the
// simulator such calls are steps like all others, during which nobody else runs.
//
// # Errors
//
// Errors are those of package os, so errors.Is(err, fs.ErrNotExist) and the like
// tell them apart. The end of a file is anyio.ErrEndOfStream, which is io.EOF; a call
// on a closed file gives anyio.ErrClosed.
//
// # Limitations
//
// There are no file locks, and folders cannot be watched for changes. A disk or a
// network file system that hangs holds the call until it answers. The simulator has no
// files of its own: a simulated run reads and writes those of the system.
//
// Windows knows no owners and groups of files, and neither it nor Linux permissions of
// links: the error matches errors.ErrUnsupported. Copy keeps holes on Linux, macOS and
// FreeBSD.
package fileio
