package asyncio

import "net"

// A BaseProtocol is what the protocols of all connections have in common: functions that
// the loop calls, one at a time, none of which may block. A protocol is a Protocol or a
// BufferedProtocol, of which embedding ProtocolDefaults leaves a few to write.
//
// ConnectionMade comes first, once. Then come data, in pieces of any size, and at most
// once the end; PauseWriting and ResumeWriting take turns. ConnectionLost comes last,
// once, and always, unless the loop ends before.
//
// A panic of one of them goes to the loop's exception handler. One of EOFReceived, or of a
// function that receives data, ends the connection.
type BaseProtocol interface {
	// ConnectionMade receives the connection's transport.
	ConnectionMade(t Transport)
	// ConnectionLost receives the error that has ended the connection, nil if that was its
	// end, or this side's Close or Abort.
	ConnectionLost(err error)
	// EOFReceived learns that the other side will send no more. If it returns false the
	// transport closes itself; else the protocol may go on writing, and closes it. Pipes
	// close themselves in any case.
	EOFReceived() (keepOpen bool)
	// PauseWriting learns that the transport has more to write than the limit, within the
	// Write that was too much. Data is buffered nevertheless.
	PauseWriting()
	// ResumeWriting learns that this is written, down to the lower limit.
	ResumeWriting()
}

// A Protocol receives data as it comes.
type Protocol interface {
	BaseProtocol
	// DataReceived receives data, never none. It is the transport's and changes after the
	// call: what is needed later must be copied. In debug mode it is overwritten at once.
	DataReceived(data []byte)
}

// A BufferedProtocol receives data into buffers of its own.
type BufferedProtocol interface {
	BaseProtocol
	// GetBuffer returns a buffer for data, which must not be empty, and belongs to the
	// transport until BufferUpdated. sizeHint is how long it should be, -1 for any length.
	GetBuffer(sizeHint int) []byte
	// BufferUpdated learns how many bytes were written to the buffer.
	BufferUpdated(n int)
}

// A DatagramProtocol receives datagrams. Panics are told as those of a BaseProtocol; one of
// DatagramReceived ends the endpoint.
type DatagramProtocol interface {
	// ConnectionMade receives the socket's transport. It comes first, once.
	ConnectionMade(t DatagramTransport)
	// ConnectionLost comes last, once; see BaseProtocol.
	ConnectionLost(err error)
	// DatagramReceived receives a datagram and where it came from: a *net.UDPAddr, or a
	// *net.UnixAddr. The data changes after the call, as that of DataReceived does.
	DatagramReceived(data []byte, from net.Addr)
	// ErrorReceived learns of a datagram that could not be sent, or did not arrive. The
	// socket goes on.
	ErrorReceived(err error)
	// PauseWriting and ResumeWriting are those of BaseProtocol.
	PauseWriting()
	ResumeWriting()
}

// ProtocolDefaults is embedded in a Protocol or BufferedProtocol, and does nothing.
type ProtocolDefaults struct{}

// ConnectionMade implements BaseProtocol.
func (ProtocolDefaults) ConnectionMade(Transport) {}

// ConnectionLost implements BaseProtocol.
func (ProtocolDefaults) ConnectionLost(error) {}

// EOFReceived implements BaseProtocol: the transport closes itself.
func (ProtocolDefaults) EOFReceived() bool { return false }

// PauseWriting implements BaseProtocol.
func (ProtocolDefaults) PauseWriting() {}

// ResumeWriting implements BaseProtocol.
func (ProtocolDefaults) ResumeWriting() {}

// DatagramProtocolDefaults is embedded in a DatagramProtocol, and does nothing.
type DatagramProtocolDefaults struct{}

// ConnectionMade implements DatagramProtocol.
func (DatagramProtocolDefaults) ConnectionMade(DatagramTransport) {}

// ConnectionLost implements DatagramProtocol.
func (DatagramProtocolDefaults) ConnectionLost(error) {}

// DatagramReceived implements DatagramProtocol.
func (DatagramProtocolDefaults) DatagramReceived([]byte, net.Addr) {}

// ErrorReceived implements DatagramProtocol.
func (DatagramProtocolDefaults) ErrorReceived(error) {}

// PauseWriting implements DatagramProtocol.
func (DatagramProtocolDefaults) PauseWriting() {}

// ResumeWriting implements DatagramProtocol.
func (DatagramProtocolDefaults) ResumeWriting() {}
