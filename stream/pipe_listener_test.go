package stream_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

func TestPipeListenerConnects(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := stream.NewPipeListener(10)
		canceled(t, ctx, func(ctx context.Context) error {
			_, err := l.Connect(ctx)
			return err
		})
		canceled(t, ctx, func(ctx context.Context) error {
			_, err := l.Accept(ctx)
			return err
		})
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for _, word := range []string{"one", "two"} {
				tg.Go(func(ctx context.Context) error {
					s, err := l.Connect(ctx)
					if err != nil {
						return err
					}
					return errors.Join(s.Send(ctx, []byte(word)), s.Close(ctx))
				})
			}
			seen := map[string]bool{}
			for range 2 {
				s, err := l.Accept(ctx)
				if err != nil {
					t.Fatal(err)
				}
				word, err := receiveAll(ctx, s, 10)
				testkit.WantErr(t, err, nil)
				seen[string(word)] = true
				testkit.WantErr(t, s.Close(ctx), nil)
			}
			if !seen["one"] || !seen["two"] {
				t.Errorf("accepted %v", seen)
			}
		})
		testkit.WantErr(t, l.Close(ctx), nil)
	})
}

func TestPipeListenerClosed(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		refused := func(ctx context.Context, l *stream.PipeListener) {
			_, err := l.Connect(ctx)
			testkit.WantErr(t, err, stream.ErrConnect)
			testkit.WantErr(t, err, anyio.ErrClosed)
		}
		accepting, connecting := stream.NewPipeListener(0), stream.NewPipeListener(0)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := accepting.Accept(ctx)
				testkit.WantErr(t, err, anyio.ErrClosed)
				return nil
			})
			tg.Go(func(ctx context.Context) error { refused(ctx, connecting); return nil })
			idle(t, ctx)
			var busy *anyio.BusyError
			if _, err := accepting.Accept(ctx); !errors.As(err, &busy) {
				t.Errorf("the second Accept got %v, want a BusyError", err)
			}
			for _, l := range []*stream.PipeListener{accepting, connecting, connecting} {
				testkit.WantErr(t, l.Close(ctx), nil)
			}
		})
		_, err := accepting.Accept(ctx)
		testkit.WantErr(t, err, anyio.ErrClosed)
		refused(ctx, accepting)
	})
}

func TestServeWithoutGroupEndsWithAFailingHandler(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := stream.NewPipeListener(0)
		defer l.Close(ctx)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				err := l.Serve(ctx, nil, func(ctx context.Context, s stream.ByteStream) error {
					defer s.Close(ctx)
					_, err := s.Receive(ctx, make([]byte, 1))
					testkit.WantErr(t, err, nil)
					return io.ErrNoProgress
				})
				testkit.WantErr(t, err, io.ErrNoProgress)
				return nil
			})
			s, err := l.Connect(ctx)
			if err != nil {
				t.Fatal(err)
			}
			testkit.WantErr(t, s.Send(ctx, []byte("x")), nil)
			_, err = s.Receive(ctx, make([]byte, 1))
			testkit.WantErr(t, err, anyio.ErrEndOfStream)
			testkit.WantErr(t, s.Close(ctx), nil)
		})
	})
}

func TestServeWithGroupIsOutlivedByItsHandlers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := stream.NewPipeListener(0)
		group(t, ctx, func(ctx context.Context, handlers *anyio.TaskGroup) {
			var served anyio.Event
			handlers.Go(func(ctx context.Context) error {
				defer served.Set()
				testkit.WantErr(t, l.Serve(ctx, handlers, func(ctx context.Context, s stream.ByteStream) error {
					return relay(s, s)(ctx)
				}), anyio.ErrClosed)
				return nil
			})
			s, err := l.Connect(ctx)
			if err != nil {
				t.Fatal(err)
			}
			testkit.WantErr(t, l.Close(ctx), nil)
			testkit.WantErr(t, served.Wait(ctx), nil)
			testkit.WantErr(t, s.Send(ctx, []byte("still served")), nil)
			wantReceived(t, ctx, s, 20, "still served")
			testkit.WantErr(t, s.Close(ctx), nil)
		})
	})
}

// A listener that is asked to stop accepts nothing more, and is no failure.
func TestServeOfAPipeListenerStops(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := stream.NewPipeListener(0)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			serving := tg.Go(func(ctx context.Context) error {
				return l.Serve(ctx, nil, func(ctx context.Context, s stream.ByteStream) error { return relay(s, s)(ctx) })
			})
			s, err := l.Connect(ctx)
			testkit.Must(t, err)
			testkit.Must(t, s.Send(ctx, []byte("served")))
			wantReceived(t, ctx, s, 20, "served")
			tg.Stop("enough", anyio.Forever)
			testkit.Must(t, s.Send(ctx, []byte("still served")))
			wantReceived(t, ctx, s, 20, "still served")
			testkit.Must(t, s.Close(ctx))
			testkit.WantNil(t, "Serve", serving.Await(ctx))
		})
		testkit.Must(t, l.Close(ctx))
	})
}
