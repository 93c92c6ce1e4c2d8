package cluster_test

import (
	"context"
	"encoding/gob"
	"errors"
	"io"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

func init() { gob.Register(things{}) }

func TestCall(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) {
			if n, err := cluster.Call(ctx, c, double, 21); n != 42 || err != nil {
				t.Error(n, err)
			}
			if _, err := cluster.Call(ctx, c, empty, struct{}{}); err != nil {
				t.Error(err)
			}
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				h := cluster.Go(tg, c, double, 4)
				if n, err := h.Await(ctx); n != 8 || err != nil || h.Name() != "double" {
					t.Error(n, err, h.Name())
				}
			})
		})
	})
}

// remoteError is that of a call, which must have failed with one.
func remoteError(t *testing.T, err error) *process.RemoteError {
	t.Helper()
	re, ok := errors.AsType[*process.RemoteError](err)
	if !ok {
		t.Errorf("%v; want a RemoteError", err)
		return &process.RemoteError{}
	}
	return re
}

func TestErrorsOfFunctions(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) {
			_, err := cluster.Call(ctx, c, fails, "reading")
			if re := remoteError(t, err); re.Text != "reading: unexpected EOF" || re.Function != "fails" || re.Stack != "" {
				t.Errorf("%#v", re)
			}
			wantIs(t, err, io.ErrUnexpectedEOF)
			_, err = cluster.Call(ctx, c, panics, "ouch")
			if re := remoteError(t, err); re.Text != "ouch" || !strings.Contains(re.Stack, "functions_test.go") {
				t.Errorf("%#v", re)
			}
			_, err = cluster.Call(ctx, c, panicsDeep, "deep")
			if re := remoteError(t, err); re.Text != "deep" || !strings.Contains(re.Stack, "panicHere") {
				t.Errorf("%#v", re)
			}
			_, err = cluster.Call(ctx, c, cancels, 0) // nobody was
			if remoteError(t, err); anyio.IsCancellation(err) || errors.Is(err, context.Canceled) {
				t.Errorf("%#v", err)
			}
			// The worker has survived all that.
			if n, err := cluster.Call(ctx, c, double, 1); n != 2 || err != nil {
				t.Error(n, err)
			}
		})
	})
}

// It goes on where Work was called, as it does where a group is.
func TestGoexitOfAFunctionIsToldAndEndsTheWorker(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		h := newHub(t, server.Options{})
		c, _ := h.join(t, ctx, cluster.Config{})
		workers, _ := h.join(t, ctx, cluster.Config{})
		backend := anyio.Parallel()
		if testkit.BackendOf(ctx) != backend.Name() {
			backend = anyio.EventLoop()
		}
		returned, over := true, make(chan struct{})
		go func() {
			defer close(over)
			returned = false
			_ = anyio.Run(context.Background(), func(ctx context.Context) error {
				return cluster.Work(ctx, workers, cluster.Worker{})
			}, anyio.On(backend))
			returned = true
		}()
		_, err := cluster.Call(ctx, c, exits, 0)
		if re := remoteError(t, err); !strings.Contains(re.Text, "Goexit") {
			t.Errorf("%#v", re)
		}
		if _, err := anyio.RunBlockingValue(ctx, func() (int, error) { <-over; return 0, nil }); err != nil || returned {
			t.Error(err, returned)
		}
		nothingLeft(t, ctx, workers)
		nothingLeft(t, ctx, c)
	}, onReal)
}

func TestMessagesThatAreTooBig(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		h := newHub(t, server.Options{MaxPayload: 4096})
		c, _ := h.join(t, ctx, cluster.Config{})
		working(t, ctx, c, cluster.Worker{Functions: []string{"long", "same"}}, func(ctx context.Context) {
			text := strings.Repeat("x", 5000)
			if _, err := cluster.Call[any, any](ctx, c, same, text); err == nil || !strings.Contains(err.Error(), `argument of "same"`) || !strings.Contains(err.Error(), "takes messages of 4096") {
				t.Error(err)
			}
			for _, n := range []int{5000, -5000} {
				_, err := cluster.Call(ctx, c, long, n)
				if re := remoteError(t, err); !strings.Contains(re.Text, `result or error of "long"`) || !strings.Contains(re.Text, "takes messages of 4096") {
					t.Error(err)
				}
			}
			if text, err := cluster.Call(ctx, c, long, 3000); len(text) != 3000 || err != nil {
				t.Error(len(text), err)
			}
		})
		nothingLeft(t, ctx, c)
	}, onReal)
}

func TestCodecs(t *testing.T) {
	b := "b"
	each := func(t *testing.T, ctx context.Context, c *cluster.Conn, o cluster.CallOption) {
		for _, v := range []*things{nil, {A: 1, B: &b, D: []byte{1, 2}}, {C: map[string]any{"x": "y"}}} {
			if got, err := cluster.Call(ctx, c, sameOf, v, o); err != nil || !reflect.DeepEqual(got, v) {
				t.Errorf("%+v, %v; want %+v", got, err, v)
			}
		}
		for _, m := range []map[string][]int{nil, {}, {"a": {1, 2}, "b": nil}} {
			got, err := cluster.Call(ctx, c, maps, m, o)
			if err != nil || (got == nil) != (m == nil) || len(got) != len(m) || len(got["a"]) != len(m["a"]) {
				t.Errorf("%v, %v; want %v", got, err, m)
			}
		}
		for _, v := range []any{nil, "text", true, 1.5} {
			if got, err := cluster.Call(ctx, c, same, v, o); err != nil || !reflect.DeepEqual(got, v) {
				t.Errorf("%#v, %v; want %#v", got, err, v)
			}
		}
		loop := &ring{N: 1}
		loop.Next = loop
		if _, err := cluster.Call(ctx, c, takesRing, loop, o); err == nil || !strings.Contains(err.Error(), `argument of "takes ring"`) {
			t.Error(err)
		}
		_, err := cluster.Call(ctx, c, cycles, 1, o)
		if re := remoteError(t, err); !strings.Contains(re.Text, `result of "cycles"`) {
			t.Error(err)
		}
		if n, err := cluster.Call(ctx, c, takesRing, &ring{N: 3, Next: &ring{}}, o); n != 3 || err != nil {
			t.Error(n, err)
		}
	}
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) {
			each(t, ctx, c, cluster.With(cluster.Gob))
			each(t, ctx, c, cluster.With(cluster.JSON))
			if got, err := cluster.Call[any, any](ctx, c, same, things{A: 7}); err != nil || !reflect.DeepEqual(got, things{A: 7}) {
				t.Errorf("%#v, %v", got, err)
			}
			if _, err := cluster.Call[any, any](ctx, c, same, unregistered{1}); err == nil || !strings.Contains(err.Error(), "not registered") {
				t.Error(err)
			}
			if _, err := cluster.Call[any, any](ctx, c, same, func() {}, cluster.With(cluster.JSON)); err == nil || !strings.Contains(err.Error(), `argument of "same"`) {
				t.Error(err)
			}
		})
	})
}

type unregistered struct{ A int }

// A faulty codec is one of which nothing can be read.
type faulty struct {
	name  string
	panic bool
}

func (c faulty) Name() string              { return c.name }
func (faulty) Marshal(any) ([]byte, error) { return []byte{1}, nil }
func (c faulty) Unmarshal([]byte, any) error {
	if c.panic {
		panic("cannot")
	}
	return errors.New("will not")
}

var registerFaulty = sync.OnceFunc(func() {
	cluster.RegisterCodec(faulty{"will not", false})
	cluster.RegisterCodec(faulty{"panics", true})
})

func TestCodecsThatFail(t *testing.T) {
	registerFaulty()
	onEach(t, cluster.Config{Name: "w1"}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) {
			for codec, want := range map[cluster.Codec]string{
				faulty{"will not", false}: "worker w1 cannot read the argument: will not",
				faulty{"panics", true}:    "worker w1 cannot read the argument: panic: cannot",
				faulty{"unknown", false}:  `worker w1 does not know the codec "unknown"; RegisterCodec makes it known`,
			} {
				_, err := cluster.Call(ctx, c, double, 1, cluster.With(codec))
				if re, ok := errors.AsType[*cluster.RefusedError](err); !ok || re.Reason != want || re.Function != "double" {
					t.Errorf("%v; want %q", err, want)
				}
			}
			if n, err := cluster.Call(ctx, c, double, 1); n != 2 || err != nil {
				t.Error(n, err)
			}
		})
	})
}

func TestCarriedValuesTravel(t *testing.T) {
	type key struct{}
	stop := process.Carry(func(ctx context.Context, carried map[string]string) {
		if v, ok := ctx.Value(key{}).(string); ok {
			carried["test"] = v
		}
	}, func(ctx context.Context, carried map[string]string) context.Context {
		return context.WithValue(ctx, carriedKey{}, carried["test"])
	})
	defer stop()
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) {
			if v, err := cluster.Call(context.WithValue(ctx, key{}, "value"), c, carries, 0); v != "value" || err != nil {
				t.Error(v, err)
			}
			if v, err := cluster.Call(ctx, c, carries, 0); v != "" || err != nil {
				t.Error(v, err)
			}
		})
	})
}

type carriedKey struct{}

var carries = process.Register("carries", func(ctx context.Context, _ int) (string, error) {
	v, _ := ctx.Value(carriedKey{}).(string)
	return v, nil
})
