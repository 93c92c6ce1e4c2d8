package stream_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// eachServer runs f with a PipeListener, alone and as one of a MultiListener's.
func eachServer(t *testing.T, f func(t *testing.T, ctx context.Context, connectTo *stream.PipeListener, server stream.ByteStreamListener)) {
	for _, multi := range []bool{false, true} {
		t.Run(fmt.Sprintf("multi=%t", multi), func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				ls, m := newListeners(2)
				var server stream.ByteStreamListener = ls[1]
				if multi {
					server = m
				}
				f(t, ctx, ls[1], server)
				testkit.WantErr(t, m.Close(ctx), nil)
			})
		})
	}
}

// connected runs body while a client connects, which hangs up afterwards.
func connected(t *testing.T, ctx context.Context, l *stream.PipeListener, body func()) {
	var over anyio.Event
	group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		tg.Go(func(ctx context.Context) error {
			c, err := l.Connect(ctx)
			if err != nil {
				return err
			}
			return errors.Join(over.Wait(ctx), c.Close(ctx))
		}, anyio.Name("client"))
		defer over.Set()
		body()
	})
}

func TestHandlerThatFailsEndsServe(t *testing.T) {
	errHandler := errors.New("the handler failed")
	eachServer(t, func(t *testing.T, ctx context.Context, l *stream.PipeListener, server stream.ByteStreamListener) {
		connected(t, ctx, l, func() {
			err := server.Serve(ctx, nil, func(ctx context.Context, conn stream.ByteStream) error {
				return errors.Join(errHandler, conn.Close(ctx))
			})
			testkit.WantErr(t, err, errHandler)
			if errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("%v tells of its own cancellation", err)
			}
		})
	})
}

// Handlers in a group that was given outlive Serve, and fail that group.
func TestHandlersBelongToTheGivenGroup(t *testing.T) {
	errHandler := errors.New("the handler failed")
	eachServer(t, func(t *testing.T, ctx context.Context, l *stream.PipeListener, server stream.ByteStreamListener) {
		var begun, over anyio.Event
		connected(t, ctx, l, func() {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, handlers *anyio.TaskGroup) error {
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						return server.Serve(ctx, handlers, func(ctx context.Context, conn stream.ByteStream) error {
							defer conn.Close(ctx)
							begun.Set()
							if err := over.Wait(ctx); err != nil {
								return err
							}
							return errHandler
						})
					})
					testkit.WantErr(t, begun.Wait(ctx), nil)
					tg.Cancel("enough was accepted")
					return nil
				})
				testkit.WantErr(t, err, nil) // it did not wait for the handler, nor cancel it
				over.Set()
				return err
			})
			testkit.WantErr(t, err, errHandler)
		})
	})
}

// Handlers in a group of Serve's own end with it.
func TestHandlersOfServesOwnGroupEndWithIt(t *testing.T) {
	eachServer(t, func(t *testing.T, ctx context.Context, l *stream.PipeListener, server stream.ByteStreamListener) {
		var begun anyio.Event
		var ended error
		connected(t, ctx, l, func() {
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					err := server.Serve(ctx, nil, func(ctx context.Context, conn stream.ByteStream) error {
						defer conn.Close(ctx)
						begun.Set()
						ended = anyio.SleepForever(ctx)
						return ended
					})
					testkit.WantErr(t, ended, anyio.ErrCanceled)
					testkit.WantErr(t, err, anyio.ErrClosed)
					return nil
				})
				testkit.WantErr(t, begun.Wait(ctx), nil)
				testkit.WantErr(t, server.Close(ctx), nil)
			})
		})
	})
}

// A group that has ended is a misuse, which leaves no connection open.
func TestServeWithAGroupThatHasEndedClosesTheConnection(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := stream.NewPipeListener(10)
		connected(t, ctx, l, func() {
			conn, err := l.Accept(ctx)
			testkit.WantErr(t, err, nil)
			serveEndedGroup(t, ctx, func(tg *anyio.TaskGroup) error {
				return stream.Serve(ctx, func(context.Context) (stream.ByteStream, error) { return conn, nil }, tg, ignore)
			})
			testkit.WantErr(t, conn.Send(ctx, []byte("x")), anyio.ErrClosed)
		})
		testkit.WantErr(t, l.Close(ctx), nil)
	})
}

// So it is with a connection that was accepted beside another one, and is ready.
func TestMultiListenerWithAGroupThatHasEndedClosesTheConnection(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := stream.NewPipeListener(10)
		connected(t, ctx, l, func() {
			connected(t, ctx, l, func() {
				var all []stream.ByteStreamListener
				var conns []stream.ByteStream
				for range 2 {
					conn, err := l.Accept(ctx)
					testkit.WantErr(t, err, nil)
					all, conns = append(all, acceptedListener{l, conn}), append(conns, conn)
				}
				m := stream.NewMultiListener(all...)
				first, err := m.Accept(ctx)
				testkit.WantErr(t, err, nil)
				testkit.WantErr(t, first.Close(ctx), nil)
				serveEndedGroup(t, ctx, func(tg *anyio.TaskGroup) error { return m.Serve(ctx, tg, ignore) })
				for _, conn := range conns {
					testkit.WantErr(t, conn.Send(ctx, []byte("x")), anyio.ErrClosed)
				}
			})
		})
		testkit.WantErr(t, l.Close(ctx), nil)
	})
}

// An acceptedListener gives a connection at once, whatever has been canceled.
type acceptedListener struct {
	*stream.PipeListener
	conn stream.ByteStream
}

func (l acceptedListener) Accept(context.Context) (stream.ByteStream, error) { return l.conn, nil }

func ignore(context.Context, stream.ByteStream) error { return nil }

// serveEndedGroup wants that serving in a group that has ended is a misuse.
func serveEndedGroup(t *testing.T, ctx context.Context, serve func(tg *anyio.TaskGroup) error) {
	t.Helper()
	var ended *anyio.TaskGroup
	group(t, ctx, func(_ context.Context, tg *anyio.TaskGroup) { ended = tg })
	defer func() {
		if _, ok := recover().(*anyio.MisuseError); !ok {
			t.Error("no misuse")
		}
	}()
	_ = serve(ended)
}

func TestConnectablesSayThatConnectingFailed(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := stream.NewPipeListener(10)
		testkit.WantErr(t, l.Close(ctx), nil)
		text, err := stream.TextConnectable(l)
		testkit.WantErr(t, err, nil)
		connects := map[string]func() error{
			"pipe":     func() error { _, err := l.Connect(ctx); return err },
			"text":     func() error { _, err := text.Connect(ctx); return err },
			"buffered": func() error { _, err := stream.BufferedConnectable(l).Connect(ctx); return err },
		}
		for name, connect := range connects {
			if err := connect(); !errors.Is(err, stream.ErrConnect) || !errors.Is(err, anyio.ErrClosed) {
				t.Errorf("%s: error is %v", name, err)
			}
		}
	})
}
