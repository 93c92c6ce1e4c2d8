// Package socket has TCP, UDP and UNIX sockets that obey cancel scopes, and name
// resolution. The same calls work on every backend: over package net on the
// parallel one, over non-blocking descriptors on the event loop, and over a
// simulated network in the simulator.
//
//	conn, err := socket.DialTCP(ctx, "example.org", 80)
//	if err != nil {
//		return err
//	}
//	defer conn.Close(ctx)
//
// Streams are stream.ByteStreams and listeners are stream.Listeners, so everything
// that is built on those works over them: buffering, text, TLS (package tlsstream).
//
// # Errors
//
// Functions that make a socket return the errors of package net: a *net.OpError
// round a syscall.Errno, a *net.DNSError, a *net.AddrError. What can never be right
// is an *anyio.MisuseError. Methods of sockets return anyio.ErrClosed after Close,
// whatever happened before; io.EOF at the end of a stream; an *anyio.BrokenError
// with the cause when the connection failed; an *anyio.BusyError when two tasks
// receive, send or accept at once. One task may receive while another sends.
//
// # Cancellation
//
// Every function that takes a context is a checkpoint. A canceled receive or accept
// loses nothing and leaves nothing behind on the socket; a canceled send may have
// sent a part. Close works in a canceled scope and never waits for the other side.
//
// # Sockets from outside
//
// FromConn, FromListener and FromPacketConn work over any net.Conn and its like, on any
// system. AdoptStream and the other functions of that name take over a socket of the
// system: a descriptor, which is an int or uintptr, or a syscall.Conn, such as an
// os.File or a net.TCPConn. That is closed in favor of a duplicate, a net.UnixListener
// only at the end, because its Close may remove the file.
//
// A socket that is not of the wanted kind is an *anyio.MisuseError, and stays the
// caller's. Otherwise it belongs to this package from then on. A descriptor must have no
// other owner: an os.File closes its own when it is collected, even if a stranger has
// got that number by then. So give the os.File, not its Fd.
//
// # Options of the system
//
// Every socket has SyscallConn, as those of package net have, to set options such as
// multicast groups. Simulated sockets have no descriptor: there the error matches
// errors.ErrUnsupported.
//
// # Limitations
//
// There are TCP, UDP and UNIX stream and datagram sockets, and no others, such as raw
// ones. Only Linux has names of UNIX sockets that are not files.
//
// On Windows there are no UNIX datagram sockets and no ReusePort, and descriptors can
// neither be passed, taken over, nor waited for; nor can they in the simulator. The
// error matches errors.ErrUnsupported. A file of a UNIX socket stays when its listener
// is closed.
package socket
