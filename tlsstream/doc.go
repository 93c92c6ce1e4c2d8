// Package tlsstream is TLS over any byte stream, on every backend: [Client] and
// [Server] turn a connected stream into an encrypted one, [NewListener] and
// [NewConnectable] do so for all connections of a listener or a connectable, and [Dial]
// connects to a host before. It is
// the only package that imports crypto/tls, which does the cryptography; what may be
// configured is tls.Config.
//
//	conn, err := tlsstream.Dial(ctx, "example.org", 443, nil)
//	if err != nil {
//		return err
//	}
//	defer conn.Close(ctx)
//
// # The end of a stream
//
// Anybody who controls the network can end a connection early. TLS therefore has an
// alert, close_notify, that says: this was all. Close sends it, and Receive returns
// ErrEndOfStream only if it came; a transport that just ends is ErrBroken. Some programs,
// above all for HTTP, leave the alert out, and need not mind because their protocol knows
// how long a message is: for these there is Options.NoCloseNotify.
//
// SendEOF ends one direction (TLS 1.3), and Unwrap both, giving the transport back.
//
// # Tasks
//
// One task may receive while another sends. On a loop both run on one thread, and neither
// ever holds a lock of crypto/tls while it waits: the library reads from a buffer that
// holds received records, and writes into another one.
//
// # Simulation
//
// Certificates are checked against the virtual clock unless the config has a Time.
// Keys and nonces are random in a simulation as well; they do not change who runs
// when as long as messages keep their size. ECDSA signatures vary by some bytes: use
// Ed25519 certificates where the trace of the network is to be the same each time.
//
// # Limitations
//
// There is no DTLS and no QUIC: the transport is a stream. SendEOF needs TLS 1.3, and
// renegotiation is refused. A Send that was canceled can be continued only if the
// transport is a stream.CountingSender, as all streams of package socket are.
package tlsstream
