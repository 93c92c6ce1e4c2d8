package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/anyio-go/anyio/attr"
)

// A StapledByteStream is a byte stream made of two halves, such as the input and
// output of a process. The halves belong to it.
type StapledByteStream struct {
	send    ByteSendStream
	receive ByteReceiveStream
}

// Staple makes one byte stream of two halves.
func Staple(send ByteSendStream, receive ByteReceiveStream) *StapledByteStream {
	return &StapledByteStream{send, receive}
}

// Receive implements ByteReceiveStream. Cancellation: as for the half that receives.
func (s *StapledByteStream) Receive(ctx context.Context, buf []byte) (int, error) {
	return s.receive.Receive(ctx, buf)
}

// Send implements ByteSendStream. Cancellation: as for the half that sends.
func (s *StapledByteStream) Send(ctx context.Context, data []byte) error {
	return s.send.Send(ctx, data)
}

// SendEOF closes the half that sends; receiving goes on. Cancellation: it is closed
// nevertheless.
func (s *StapledByteStream) SendEOF(ctx context.Context) error { return s.send.Close(ctx) }

// Close closes both halves, the second one as well if the first fails. Cancellation:
// both are closed nevertheless.
func (s *StapledByteStream) Close(ctx context.Context) error {
	return errors.Join(s.send.Close(ctx), s.receive.Close(ctx))
}

// Attributes returns those of both halves; the one that receives wins.
func (s *StapledByteStream) Attributes() attr.Set {
	return attr.Of(s.send).Merge(attr.Of(s.receive))
}

// A StapledObjectStream is an object stream made of two halves.
type StapledObjectStream[T any] struct {
	send    ObjectSendStream[T]
	receive ObjectReceiveStream[T]
}

// StapleObjects makes one object stream of two halves, which belong to it from then on.
func StapleObjects[T any](send ObjectSendStream[T], receive ObjectReceiveStream[T]) *StapledObjectStream[T] {
	return &StapledObjectStream[T]{send, receive}
}

// Receive implements ObjectReceiveStream. Cancellation: as for the half that receives.
func (s *StapledObjectStream[T]) Receive(ctx context.Context) (T, error) {
	return s.receive.Receive(ctx)
}

// Send implements ObjectSendStream. Cancellation: as for the half that sends.
func (s *StapledObjectStream[T]) Send(ctx context.Context, item T) error {
	return s.send.Send(ctx, item)
}

// TrySend calls TrySend of the half that sends. If that half has none the error matches
// errors.ErrUnsupported.
func (s *StapledObjectStream[T]) TrySend(item T) error {
	if half, ok := s.send.(interface{ TrySend(item T) error }); ok {
		return half.TrySend(item)
	}
	return fmt.Errorf("stream: TrySend of a stapled stream whose half for sending, a %T, has none: %w", s.send, errors.ErrUnsupported)
}

// SendEOF closes the half that sends; receiving goes on. Cancellation: it is closed
// nevertheless.
func (s *StapledObjectStream[T]) SendEOF(ctx context.Context) error { return s.send.Close(ctx) }

// Close closes both halves, the second one as well if the first fails. Cancellation:
// both are closed nevertheless.
func (s *StapledObjectStream[T]) Close(ctx context.Context) error {
	return errors.Join(s.send.Close(ctx), s.receive.Close(ctx))
}

// Attributes returns those of both halves; the one that receives wins.
func (s *StapledObjectStream[T]) Attributes() attr.Set {
	return attr.Of(s.send).Merge(attr.Of(s.receive))
}
