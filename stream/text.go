package stream

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A TextReceiveStream decodes a byte stream. It is an object stream of strings, of
// which none is empty; where they begin and end has no meaning, but no character is
// split.
type TextReceiveStream struct {
	s      ByteReceiveStream
	guard  anyio.ResourceGuard // guards d, buf and left
	d      decoder
	buf    []byte
	left   int // bytes in buf that were received and not decoded
	closed atomic.Bool
}

var _ ObjectReceiveStream[string] = (*TextReceiveStream)(nil)

// NewTextReceiver wraps a byte stream, which belongs to the result; for a stream of
// pieces see AsByteReceiveStream. The encoding is UTF-8 and errors are reported,
// unless options say otherwise. The error is an *UnknownEncodingError, or a
// *MisuseError for a policy that does not exist.
func NewTextReceiver(s ByteReceiveStream, opts ...TextOption) (*TextReceiveStream, error) {
	o, err := textOptions(opts)
	if err != nil {
		return nil, err
	}
	r := &TextReceiveStream{}
	r.init(s, o)
	return r, nil
}

func (r *TextReceiveStream) init(s ByteReceiveStream, o *textOption) {
	r.s, r.d = s, newDecoder(o)
	r.guard.Action = "reading from"
}

// textBuffer is how many bytes are received at once.
const textBuffer = 8192

// Receive implements ObjectReceiveStream: it waits until a character is complete.
// Under the policy Strict, bytes without a meaning in the encoding are a *DecodeError,
// and so is the end of the stream within a character. Text before them is returned
// first, and the next call goes on behind them.
//
// Cancellation: nothing is lost.
func (r *TextReceiveStream) Receive(ctx context.Context) (string, error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return "", err
	}
	if r.closed.Load() {
		return "", p.CanceledOr(anyio.ErrClosed)
	}
	if err := r.guard.Acquire(); err != nil {
		return "", err
	}
	defer r.guard.Release()
	if r.buf == nil {
		r.buf = make([]byte, textBuffer)
	}
	for end := false; ; {
		text, n, err := r.d.decode(r.buf[:r.left], end)
		r.left = copy(r.buf, r.buf[n:r.left])
		if text != "" || err != nil {
			return text, err
		}
		n, err = r.s.Receive(ctx, r.buf[r.left:])
		if end = errors.Is(err, anyio.ErrEndOfStream); err != nil && (!end || r.left == 0) {
			return "", err
		}
		r.left += n
	}
}

// Close closes the wrapped stream. Cancellation: as for Close of the wrapped stream.
func (r *TextReceiveStream) Close(ctx context.Context) error {
	r.closed.Store(true)
	return r.s.Close(ctx)
}

// Attributes returns those of the wrapped stream.
func (r *TextReceiveStream) Attributes() attr.Set { return attr.Of(r.s) }

// A TextSendStream encodes strings for a byte stream.
type TextSendStream struct {
	s     ByteSendStream
	guard anyio.ResourceGuard // guards e
	e     encoder
}

var _ ObjectSendStream[string] = (*TextSendStream)(nil)

// NewTextSender wraps a byte stream, as NewTextReceiver does.
func NewTextSender(s ByteSendStream, opts ...TextOption) (*TextSendStream, error) {
	o, err := textOptions(opts)
	if err != nil {
		return nil, err
	}
	t := &TextSendStream{}
	t.init(s, o)
	return t, nil
}

func (t *TextSendStream) init(s ByteSendStream, o *textOption) {
	t.s, t.e = s, newEncoder(o)
	t.guard.Action = "writing to"
}

// Send implements ObjectSendStream. Under the policy Strict, a character that the
// encoding does not have is an *EncodeError, and nothing is sent. A byte order mark
// is sent once, before the first text.
//
// Cancellation: as with the byte stream, an unknown part may have been sent.
func (t *TextSendStream) Send(ctx context.Context, text string) error {
	if _, err := kernel.Enter(ctx); err != nil {
		return err
	}
	if err := t.guard.Acquire(); err != nil {
		return err
	}
	defer t.guard.Release()
	data, err := t.e.encode(text)
	if err != nil {
		return err
	}
	return t.s.Send(ctx, data)
}

// Close closes the wrapped stream. Cancellation: as for Close of the wrapped stream.
func (t *TextSendStream) Close(ctx context.Context) error { return t.s.Close(ctx) }

// Attributes returns those of the wrapped stream.
func (t *TextSendStream) Attributes() attr.Set { return attr.Of(t.s) }

// A TextStream carries text over a byte stream, in both directions.
type TextStream struct {
	s  ByteStream
	in TextReceiveStream
	to TextSendStream
}

var _ ObjectStream[string] = (*TextStream)(nil)

// NewText wraps a byte stream, as NewTextReceiver does.
func NewText(s ByteStream, opts ...TextOption) (*TextStream, error) {
	o, err := textOptions(opts)
	if err != nil {
		return nil, err
	}
	return newText(s, o), nil
}

func newText(s ByteStream, o *textOption) *TextStream {
	t := &TextStream{s: s}
	t.in.init(s, o)
	t.to.init(s, o)
	return t
}

// Receive receives as that of TextReceiveStream does. Cancellation: nothing is lost.
func (t *TextStream) Receive(ctx context.Context) (string, error) { return t.in.Receive(ctx) }

// Send sends as that of TextSendStream does. Cancellation: an unknown part may have
// been sent.
func (t *TextStream) Send(ctx context.Context, text string) error { return t.to.Send(ctx, text) }

// SendEOF calls that of the wrapped stream. Cancellation: as for that.
func (t *TextStream) SendEOF(ctx context.Context) error { return t.s.SendEOF(ctx) }

// Close closes the wrapped stream, once. Cancellation: as for Close of the wrapped
// stream.
func (t *TextStream) Close(ctx context.Context) error { return t.in.Close(ctx) }

// Attributes returns those of the wrapped stream.
func (t *TextStream) Attributes() attr.Set { return attr.Of(t.s) }

// TextConnectable makes text streams of the connections of c. The options are
// checked at once.
func TextConnectable[S ByteStream](c Connectable[S], opts ...TextOption) (Connectable[*TextStream], error) {
	o, err := textOptions(opts)
	if err != nil {
		return nil, err
	}
	return textConnectable[S]{c, o}, nil
}

type textConnectable[S ByteStream] struct {
	c Connectable[S]
	o *textOption
}

// Connect implements Connectable.
func (t textConnectable[S]) Connect(ctx context.Context) (*TextStream, error) {
	s, err := t.c.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return newText(s, t.o), nil
}
