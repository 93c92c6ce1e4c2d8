package cluster

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"reflect"

	"github.com/anyio-go/anyio/stream"
)

// An Address tells where the other end of a stream is to be opened. It is a value that
// may be an argument or a result of a remote function, or a part of one.
type Address[T any] struct {
	Member string // who has made the stream, see Conn.ID
	Number uint64 // of the stream, there
	Sends  bool   // who opens it sends; else it receives
	Codec  string
	Types  string // the structure of T
}

// A Sender is the sending end of a stream between members, as stream.MemorySendStream is
// within a process.
type Sender[T any] struct {
	s     *sender
	codec Codec
}

// A Receiver is the receiving end of a stream between members, as
// stream.MemoryReceiveStream is within a process.
type Receiver[T any] struct {
	r     *receiver
	codec Codec
}

var (
	_ stream.ObjectSendStream[int]    = (*Sender[int])(nil)
	_ stream.ObjectReceiveStream[int] = (*Receiver[int])(nil)
)

// maxBuffer is the most items that one sender may have in flight.
const maxBuffer = 1 << 16

// NewReceiver makes a stream, of which this member receives, and returns with its end the
// address at which others open senders. Of each sender at most buffer items are in flight:
// sent, and not received; it is between 1 and 65536. Of the options only With counts.
//
// As with the clones of a memory stream, the stream ends when all senders that were opened
// are closed. So that it does not end between two of them, open one here, too, and close
// it when there will be no others.
func NewReceiver[T any](c *Conn, buffer int, opts ...CallOption) (*Receiver[T], Address[T], error) {
	var addr Address[T]
	codec := optionsOf(opts).codec
	if err := cmp.Or(c.check("NewReceiver"), checkCodec("NewReceiver", codec), checkBuffer("NewReceiver", buffer)); err != nil {
		return nil, addr, err
	}
	r := newReceiver(c, buffer)
	if err := c.links.offer(r, &r.offer); err != nil {
		r.close(context.Background())
		return nil, addr, err
	}
	return &Receiver[T]{r, codec}, addressOf[T](c, r.offer, true, codec), nil
}

// NewSender makes a stream, to which this member sends, and returns with its end the
// address at which another member opens the receiver, once. Of the options only With
// counts.
func NewSender[T any](c *Conn, opts ...CallOption) (*Sender[T], Address[T], error) {
	codec := optionsOf(opts).codec
	if err := cmp.Or(c.check("NewSender"), checkCodec("NewSender", codec)); err != nil {
		return nil, Address[T]{}, err
	}
	s := newSender(c)
	if err := c.links.offer(s, &s.offer); err != nil {
		s.close(context.Background())
		return nil, Address[T]{}, err
	}
	return &Sender[T]{s, codec}, addressOf[T](c, s.offer, false, codec), nil
}

// OpenSender opens a sending end of a stream that another member has made by NewReceiver.
// The error matches anyio.ErrBroken if the stream is over, or the member lost.
// Cancellation: it is not open; the stream is as if nobody had tried.
func OpenSender[T any](ctx context.Context, c *Conn, addr Address[T]) (*Sender[T], error) {
	codec, err := addr.check("OpenSender", true)
	if err = cmp.Or(c.check("OpenSender"), err); err != nil {
		return nil, err
	}
	s := newSender(c)
	if err := c.links.open(ctx, s, addr.Member, addr.Number, 0); err != nil {
		return nil, err
	}
	return &Sender[T]{s, codec}, nil
}

// OpenReceiver opens the receiving end of a stream that another member has made by
// NewSender, which may have at most buffer items in flight; see NewReceiver. The error
// matches anyio.ErrBroken if the stream is over, or has a receiver, or the member is lost.
// Cancellation: it is not open; the sender is broken, unless it has not heard of it.
func OpenReceiver[T any](ctx context.Context, c *Conn, addr Address[T], buffer int) (*Receiver[T], error) {
	codec, err := addr.check("OpenReceiver", false)
	if err = cmp.Or(c.check("OpenReceiver"), checkBuffer("OpenReceiver", buffer), err); err != nil {
		return nil, err
	}
	r := newReceiver(c, buffer)
	if err := c.links.open(ctx, r, addr.Member, addr.Number, buffer); err != nil {
		return nil, err
	}
	return &Receiver[T]{r, codec}, nil
}

func addressOf[T any](c *Conn, n uint64, sends bool, codec Codec) Address[T] {
	return Address[T]{Member: c.id, Number: n, Sends: sends, Codec: codec.Name(), Types: describe(reflect.TypeFor[T]())}
}

// check returns the codec of a stream that is to be opened here.
func (a Address[T]) check(by string, sends bool) (Codec, error) {
	types, codec := describe(reflect.TypeFor[T]()), codecOf(a.Codec)
	switch {
	case a.Member == "":
		return nil, misuse("%s of the zero Address: want one of NewReceiver or NewSender", by)
	case a.Sends != sends && sends:
		return nil, misuse("OpenSender with an address of NewSender: who opens that receives, by OpenReceiver")
	case a.Sends != sends:
		return nil, misuse("OpenReceiver with an address of NewReceiver: who opens that sends, by OpenSender")
	case a.Types != types:
		return nil, fmt.Errorf("cluster: %s: the stream is one of %s, here of %s; both programs need the same types", by, a.Types, types)
	case codec == nil:
		return nil, fmt.Errorf("cluster: %s: the codec %q is not known here; RegisterCodec makes it known", by, a.Codec)
	}
	return codec, nil
}

func checkBuffer(by string, buffer int) error {
	if buffer < 1 || buffer > maxBuffer {
		return misuse("%s with a buffer of %d: want 1 to %d items", by, buffer, maxBuffer)
	}
	return nil
}

// Send sends an item, waiting while as many as the receiver's buffer holds are in flight;
// those who wait are served in the order in which they came. That it returns nil means
// that the item is on its way. It returns ErrClosed if this end is or gets closed, and an
// error that matches ErrBroken, and tells the cause, if the receiver is closed or lost, or
// a message was. An item that cannot be encoded, or is too large for a message of the
// server, is not sent, and the stream goes on.
// Cancellation: the item was not sent.
func (s *Sender[T]) Send(ctx context.Context, item T) error {
	data, err := s.codec.Marshal(&item)
	if err != nil {
		return fmt.Errorf("cluster: sending an item of type %T: %w", item, err)
	}
	return s.s.send(ctx, data)
}

// Close closes this end; further calls do nothing. Calls of Send that wait on it return
// ErrClosed. When all senders are closed the receiver gets ErrEndOfStream, after what was
// sent. It returns nil. Cancellation: ignored; it never waits.
func (s *Sender[T]) Close(ctx context.Context) error { s.s.close(ctx); return nil }

// Receive returns the oldest item, waiting for one if there is none. It returns ErrClosed
// if this end is or gets closed. After the items that have come it returns ErrEndOfStream
// if all senders are closed, and an error that matches ErrBroken, and tells the cause, if
// one of them was lost, or a message was.
// Cancellation: no item is lost; one that was already handed over is returned although
// the scope is canceled.
func (r *Receiver[T]) Receive(ctx context.Context) (T, error) {
	var item T
	data, err := r.r.receive(ctx)
	if err != nil {
		return item, err
	}
	if err := r.codec.Unmarshal(data, &item); err != nil {
		var zero T
		return zero, r.r.broke(fmt.Errorf("an item cannot be read as a %T: %w", zero, err))
	}
	return item, nil
}

// All receives until the stream ends; see stream.All. Cancellation: no item is lost.
func (r *Receiver[T]) All(ctx context.Context) iter.Seq2[T, error] { return stream.All(ctx, r) }

// Close closes this end; further calls do nothing. Calls of Receive that wait on it return
// ErrClosed, those of Send before long ErrBroken, and what has come is dropped. It returns
// nil. Cancellation: ignored; it never waits.
func (r *Receiver[T]) Close(ctx context.Context) error { r.r.close(ctx); return nil }
