package tlsstream

import (
	"context"

	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/stream"
)

// OverObjects makes a transport out of an object stream of chunks of bytes. Where
// a chunk ends has no meaning. Chunks that are sent are copies.
func OverObjects(s stream.ObjectStream[[]byte]) stream.ByteStream { return &objects{s: s} }

type objects struct {
	s    stream.ObjectStream[[]byte]
	rest []byte // of the chunk that was received last; belongs to whoever is receiving
}

func (o *objects) Receive(ctx context.Context, buf []byte) (int, error) {
	for len(o.rest) == 0 {
		chunk, err := o.s.Receive(ctx)
		if err != nil {
			return 0, err
		}
		o.rest = chunk
	}
	n := copy(buf, o.rest)
	o.rest = o.rest[n:]
	return n, nil
}

func (o *objects) Send(ctx context.Context, data []byte) error {
	return o.s.Send(ctx, append([]byte(nil), data...))
}

func (o *objects) SendEOF(ctx context.Context) error { return o.s.SendEOF(ctx) }
func (o *objects) Close(ctx context.Context) error   { return o.s.Close(ctx) }

func (o *objects) Attributes() attr.Set { return attr.Of(o.s) }
