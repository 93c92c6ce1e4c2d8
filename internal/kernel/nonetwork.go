package kernel

import (
	"context"
	"errors"
	"net/netip"
)

// NoNetwork is the socket layer of a backend that has none.
type NoNetwork struct{}

func (NoNetwork) DialStream(context.Context, SocketOptions) (StreamConn, error) {
	return nil, errors.ErrUnsupported
}
func (NoNetwork) ListenStream(context.Context, SocketOptions) (StreamListener, error) {
	return nil, errors.ErrUnsupported
}
func (NoNetwork) OpenPacket(context.Context, SocketOptions) (PacketConn, error) {
	return nil, errors.ErrUnsupported
}
func (NoNetwork) AdoptStream(context.Context, uintptr) (StreamConn, error) {
	return nil, errors.ErrUnsupported
}
func (NoNetwork) AdoptListener(context.Context, uintptr) (StreamListener, error) {
	return nil, errors.ErrUnsupported
}
func (NoNetwork) AdoptPacket(context.Context, uintptr) (PacketConn, error) {
	return nil, errors.ErrUnsupported
}
func (NoNetwork) WaitFD(context.Context, uintptr, bool) error { return errors.ErrUnsupported }
func (NoNetwork) NotifyClosing(context.Context, uintptr)      {}
func (NoNetwork) LookupHost(context.Context, string, string) ([]netip.Addr, error) {
	return nil, errors.ErrUnsupported
}
func (NoNetwork) LookupPort(context.Context, string, string) (int, error) {
	return 0, errors.ErrUnsupported
}
func (NoNetwork) LookupAddr(context.Context, netip.Addr) ([]string, error) {
	return nil, errors.ErrUnsupported
}
func (NoNetwork) RemoveSocketFile(context.Context, string) error { return errors.ErrUnsupported }
func (NoNetwork) Chmod(context.Context, string, uint32) error    { return errors.ErrUnsupported }
