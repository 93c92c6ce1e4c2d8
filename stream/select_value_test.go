package stream_test

import (
	"context"
	"errors"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// A case that is not chosen, or that ends in an error, leaves its variable alone. One
// without a variable takes the item all the same.
func TestSelectWritesTheVariableOfTheItemOnly(t *testing.T) {
	type receiver = anyio.SelectReceiver[int]
	streams := map[string]func(ctx context.Context) (r receiver, send func() error, end func(ctx context.Context) error){
		"memory": func(context.Context) (receiver, func() error, func(context.Context) error) {
			s, r := stream.Memory[int](1)
			return r, func() error { return s.TrySend(1) }, s.Close
		},
		"broadcast": func(context.Context) (receiver, func() error, func(context.Context) error) {
			s := stream.Broadcast[int](stream.BroadcastConfig{})
			return s.Subscribe(), func() error { return s.TrySend(1) }, s.Close
		},
		"channel": func(context.Context) (receiver, func() error, func(context.Context) error) {
			ch := make(chan int, 1)
			return stream.FromChan(ch), func() error { ch <- 1; return nil }, func(context.Context) error { close(ch); return nil }
		},
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var set anyio.Event
		set.Set()
		for name, make := range streams {
			r, send, end := make(ctx)
			want := func(what string, v *int, value int, wantErr error, cases ...anyio.Case) {
				t.Helper()
				i, err := anyio.Select(ctx, cases...)
				if !errors.Is(err, wantErr) || v != nil && *v != value {
					t.Errorf("%s, %s: case %d, %v, the variable is %v", name, what, i, err, *v)
				}
			}
			v := 7
			for range 5 { // wherever it begins
				want("nothing sent", &v, 7, nil, anyio.OnReceive(r, &v), anyio.OnEvent(&set))
			}
			testkit.WantNil(t, "send", send())
			want("no variable", nil, 0, nil, anyio.OnReceive(r, nil))
			testkit.WantNil(t, "send", send())
			want("sent", &v, 1, nil, anyio.OnReceive(r, &v))
			v = 7
			testkit.WantNil(t, "end", end(ctx))
			want("ended", &v, 7, anyio.ErrEndOfStream, anyio.OnReceive(r, &v))
			if c, ok := r.(anyio.Resource); ok {
				testkit.WantNil(t, "close", c.Close(ctx))
			}
		}
	})
}
