package socket

import (
	"context"

	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
)

func init() { inside.Raw = rawOf }

// A rawStream is a Stream whose descriptor package stream makes calls on.
type rawStream Stream

func rawOf(s any) inside.RawStream {
	var of *Stream
	switch s := s.(type) {
	case *Stream:
		of = s
	case *UnixStream:
		of = &s.Stream
	}
	if of == nil {
		return nil
	}
	if _, ok := of.c.(kernel.RawStream); !ok {
		return nil
	}
	return (*rawStream)(of)
}

// ReceiveRaw implements inside.RawStream.
func (r *rawStream) ReceiveRaw(ctx context.Context, f func(fd uintptr) (int, error)) (int, error) {
	s := (*Stream)(r)
	if err := s.reading.Acquire(); err != nil {
		return 0, s.refused(ctx, err)
	}
	defer s.reading.Release()
	n, err := s.c.(kernel.RawStream).ReadRaw(ctx, f)
	if err != nil {
		err = s.receiveFailed(err)
	}
	return n, err
}

// SendRaw implements inside.RawStream.
func (r *rawStream) SendRaw(ctx context.Context, f func(fd uintptr) (int, error)) (int, error) {
	s := (*Stream)(r)
	if err := s.beginSend(ctx); err != nil {
		return 0, err
	}
	defer s.writing.Release()
	n, err := s.c.(kernel.RawStream).WriteRaw(ctx, f)
	if err != nil {
		err = s.sendFailed(err)
	}
	return n, err
}
