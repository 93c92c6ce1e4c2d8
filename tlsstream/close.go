package tlsstream

import (
	"context"
	"errors"
	"fmt"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/stream"
)

var errUnread = errors.New("tlsstream: Unwrap: the other side sent data before its closing alert: Receive until the end of the stream, then call Unwrap again")

// Unwrap ends TLS and goes on without it: it sends the closing alert and waits for
// the other side's. It returns the transport, which is the caller's again, and what
// has been received after the alert; those bytes come before what the transport
// receives next. The Stream is of no use then, and closing it does nothing.
//
// If the other side has sent data that were not received, that is an error and the
// data are kept: Receive them and call Unwrap again. If the transport ends without
// an alert, the error is that of Receive.
//
// Cancellation: our alert may have been sent, so that Send fails; call Unwrap again.
func (s *Stream) Unwrap(ctx context.Context) (transport stream.ByteStream, leftover []byte, err error) {
	err = s.whileSending(ctx, func() error {
		if err := s.receiving.Acquire(); err != nil {
			return err
		}
		defer s.receiving.Release()
		if err := s.exchangeAlerts(ctx); err != nil {
			return err
		}
		s.closed.Store(true)
		transport, leftover = s.wire.transport, append([]byte(nil), s.wire.in...)
		return nil
	})
	return transport, leftover, err
}

// exchangeAlerts sends our closing alert and receives the other side's, both at the
// same time: the other side may do the same over a transport without any buffer.
func (s *Stream) exchangeAlerts(ctx context.Context) error {
	if len(s.ungotten) > 0 {
		return errors.Join(s.sayEOF(ctx), errUnread)
	}
	var sent, end error
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			if sent = s.sayEOF(ctx); sent != nil {
				tg.Cancel("the closing alert could not be sent")
			}
			return nil
		})
		one := make([]byte, 1)
		n, err := s.receive(ctx, one)
		if end = err; n > 0 {
			s.ungotten, end = one, errUnread
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case sent != nil:
		return sent
	case end != anyio.ErrEndOfStream || s.wire.ended: // the transport's end gives nothing back
		return end
	}
	return nil
}

// Close sends the closing alert, without which the other side cannot be sure that it got
// everything, and closes the transport; it does not wait for the other side's alert,
// which may never come (Unwrap does). If Options.NoCloseNotify is set, it just closes. A
// Send that goes on is cut off: it and a waiting Receive get ErrClosed. So is one that
// was canceled and not continued: the other side gets no alert, as what it got is not
// all. Closing again does nothing.
//
// That the other side is gone already is its right, and no error of Close: to know
// that all has arrived, wait for an answer, or Unwrap. If the alert cannot be sent for
// another reason, or the other side does not take it within 5 seconds, the transport
// is closed forcefully and the reason returned.
//
// Cancellation: the alert may not have been sent; the transport is closed.
func (s *Stream) Close(ctx context.Context) error {
	if s.closed.Swap(true) {
		return nil
	}
	err := lowlevel.Enter(ctx)
	if err == nil {
		err = s.farewell(ctx)
	}
	if err == nil {
		return s.wire.transport.Close(ctx)
	}
	_ = anyio.CloseForcefully(ctx, s.wire.transport)
	return err
}

// farewell sends the last words.
func (s *Stream) farewell(ctx context.Context) error {
	if s.line.TryAcquire() != nil {
		return nil // in the middle of a Send
	}
	defer s.line.Release()
	if s.wire.unsent != nil {
		return nil
	}
	var err error
	switch end := s.ended(); {
	case end != nil && end != anyio.ErrEndOfStream: // there may be an alert that tells why
		_, err = anyio.MoveOnAfter(ctx, alertTime, s.wire.flush)
	case s.standard:
		if err = anyio.FailAfter(ctx, alertTime, s.sayEOF); errors.Is(err, anyio.ErrTimeout) {
			err = fmt.Errorf("tlsstream: the other side does not take the closing alert: %w", err)
		}
	}
	if errors.Is(err, anyio.ErrBroken) || errors.Is(err, anyio.ErrClosed) {
		return nil // the other side is gone, or somebody has closed the transport
	}
	return err
}
