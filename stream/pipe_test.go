package stream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// pattern is n bytes that tell their position.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return p
}

// receiveAll receives until the end of the stream.
func receiveAll(ctx context.Context, r stream.ByteReceiveStream, chunk int) ([]byte, error) {
	var all []byte
	buf := make([]byte, chunk)
	for {
		n, err := r.Receive(ctx, buf)
		if errors.Is(err, anyio.ErrEndOfStream) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, buf[:n]...)
	}
}

func wantReceived(t *testing.T, ctx context.Context, r stream.ByteReceiveStream, size int, want string) {
	t.Helper()
	buf := make([]byte, size)
	n, err := r.Receive(ctx, buf)
	if err != nil || string(buf[:n]) != want {
		t.Errorf("received %q, %v, want %q", buf[:n], err, want)
	}
}

func TestPipeCarriesBytesInOrderBothWays(t *testing.T) {
	for _, buffer := range []int{0, 1, 7, 4096, 1 << 20} {
		anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
			a, b := stream.Pipe(buffer)
			want := pattern(100_000)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				for i, s := range []stream.ByteStream{a, b} {
					tg.Go(func(ctx context.Context) error {
						for at, size := 0, 1; at < len(want); size = size*3%5000 + 1 {
							next := min(at+size, len(want))
							if err := s.Send(ctx, want[at:next]); err != nil {
								return err
							}
							at = next
						}
						return s.SendEOF(ctx)
					})
					tg.Go(func(ctx context.Context) error {
						got, err := receiveAll(ctx, s, 100+5000*i)
						if !bytes.Equal(got, want) {
							t.Errorf("received %d bytes, not the %d sent", len(got), len(want))
						}
						return err
					})
				}
			})
			testkit.WantErr(t, a.Close(ctx), nil)
			testkit.WantErr(t, b.Close(ctx), nil)
		})
	}
}

func TestPipeWithoutBufferWaitsUntilAllIsReceived(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(0)
		defer a.Close(ctx)
		defer b.Close(ctx)
		sent := false
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				err := a.Send(ctx, []byte("hello"))
				sent = true
				return err
			})
			idle(t, ctx)
			wantReceived(t, ctx, b, 3, "hel")
			idle(t, ctx)
			if sent {
				t.Error("Send returned before everything was received")
			}
			wantReceived(t, ctx, b, 3, "lo")
		})
	})
}

func TestPipeCanceledReceiveLosesNothing(t *testing.T) {
	for _, buffer := range []int{0, 3} {
		anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
			a, b := stream.Pipe(buffer)
			defer a.Close(ctx)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					defer b.Close(ctx)
					return b.Send(ctx, []byte("abcdef"))
				})
				idle(t, ctx)
				canceled(t, ctx, func(ctx context.Context) error {
					_, err := a.Receive(ctx, make([]byte, 2))
					return err
				})
				got, err := receiveAll(ctx, a, 4)
				if string(got) != "abcdef" || err != nil {
					t.Errorf("received %q, %v", got, err)
				}
			})
		})
	}
}

func TestPipeWaitsEndWithTheirScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(2)
		defer a.Close(ctx)
		defer b.Close(ctx)
		abort := func(call func(ctx context.Context) error) {
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
					tg.Go(func(ctx context.Context) error {
						idle(t, ctx)
						scope.Cancel("test")
						return nil
					})
					err := call(ctx)
					testkit.WantErr(t, err, anyio.ErrCanceled)
					return err
				})
				testkit.WantErr(t, err, nil)
			})
		}
		abort(func(ctx context.Context) error {
			_, err := a.Receive(ctx, make([]byte, 1))
			return err
		})
		abort(func(ctx context.Context) error { return b.Send(ctx, []byte("abcd")) })
		// What did not fit into the buffer was withdrawn.
		wantReceived(t, ctx, a, 10, "ab")
		testkit.WantErr(t, b.Send(ctx, []byte("ef")), nil)
		wantReceived(t, ctx, a, 10, "ef")
	})
}

func TestPipeRefusesConcurrentUse(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(0)
		defer b.Close(ctx)
		wantBusy := func(err error, text string) {
			t.Helper()
			var busy *anyio.BusyError
			if !errors.As(err, &busy) || busy.Action != text {
				t.Errorf("error is %v, want a BusyError for %s", err, text)
			}
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := a.Receive(ctx, make([]byte, 1))
				testkit.WantErr(t, err, anyio.ErrClosed)
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				testkit.WantErr(t, a.Send(ctx, []byte("x")), anyio.ErrClosed)
				return nil
			})
			idle(t, ctx)
			_, err := a.Receive(ctx, make([]byte, 1))
			wantBusy(err, "reading from")
			wantBusy(a.Send(ctx, []byte("y")), "writing to")
			wantBusy(a.SendEOF(ctx), "writing to")
			testkit.WantErr(t, a.Close(ctx), nil)
		})
	})
}

func TestPipeHalfClose(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(10)
		defer b.Close(ctx)
		testkit.WantErr(t, a.Send(ctx, []byte("last")), nil)
		testkit.WantErr(t, a.SendEOF(ctx), nil)
		testkit.WantErr(t, a.SendEOF(ctx), nil)
		testkit.WantErr(t, a.Send(ctx, []byte("more")), anyio.ErrClosed)
		wantReceived(t, ctx, b, 10, "last")
		for range 2 {
			_, err := b.Receive(ctx, make([]byte, 1))
			testkit.WantErr(t, err, anyio.ErrEndOfStream)
		}
		testkit.WantErr(t, b.Send(ctx, []byte("answer")), nil)
		wantReceived(t, ctx, a, 10, "answer")
		testkit.WantErr(t, a.Close(ctx), nil)
		testkit.WantErr(t, a.SendEOF(ctx), anyio.ErrClosed)
	})
}

func TestPipeClosed(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(4)
		testkit.WantErr(t, a.Send(ctx, []byte("rest")), nil)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				testkit.WantErr(t, b.Send(ctx, []byte("too much")), anyio.ErrBroken)
				return nil
			})
			idle(t, ctx)
			canceled(t, ctx, func(ctx context.Context) error {
				testkit.WantErr(t, a.Close(ctx), nil)
				return context.Cause(ctx)
			})
		})
		_, err := a.Receive(ctx, make([]byte, 1))
		testkit.WantErr(t, err, anyio.ErrClosed)
		testkit.WantErr(t, a.Send(ctx, nil), anyio.ErrClosed)
		testkit.WantErr(t, b.Send(ctx, []byte("x")), anyio.ErrBroken)
		wantReceived(t, ctx, b, 10, "rest")
		_, err = b.Receive(ctx, make([]byte, 1))
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
		for range 2 {
			testkit.WantErr(t, b.Close(ctx), nil)
			testkit.WantErr(t, a.Close(ctx), nil)
		}
	})
}

func TestPipeReceiverLearnsOfTheEndWhileItWaits(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, end := range []func(s stream.ByteStream) error{
			func(s stream.ByteStream) error { return s.SendEOF(ctx) },
			func(s stream.ByteStream) error { return s.Close(ctx) },
		} {
			a, b := stream.Pipe(0)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					_, err := a.Receive(ctx, make([]byte, 1))
					testkit.WantErr(t, err, io.EOF)
					return nil
				})
				idle(t, ctx)
				testkit.WantErr(t, end(b), nil)
			})
			testkit.WantErr(t, a.Close(ctx), nil)
			testkit.WantErr(t, b.Close(ctx), nil)
		}
	})
}

func TestPipeDoesNothingInCanceledScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(4)
		defer b.Close(ctx)
		defer a.Close(ctx)
		canceled(t, ctx, func(ctx context.Context) error { return a.Send(ctx, []byte("no")) })
		canceled(t, ctx, func(ctx context.Context) error { return a.SendEOF(ctx) })
		testkit.WantErr(t, a.Send(ctx, []byte("yes")), nil)
		wantReceived(t, ctx, b, 10, "yes")
	})
}

func TestPipeMisuse(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(4)
		defer b.Close(ctx)
		defer a.Close(ctx)
		_, err := a.Receive(ctx, nil)
		var misuse *anyio.MisuseError
		if !errors.As(err, &misuse) {
			t.Errorf("empty buffer: %v, want a MisuseError", err)
		}
		defer func() {
			if _, ok := recover().(*anyio.MisuseError); !ok {
				t.Error("a negative buffer did not panic with a MisuseError")
			}
		}()
		stream.Pipe(-1)
	})
}

func TestPipeConnectsBackends(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(100)
		want := pattern(50_000)
		failed := make(chan error, 1)
		go func() { // with no run at all
			ctx := context.Background()
			failed <- func() error {
				defer b.Close(ctx)
				got, err := receiveAll(ctx, b, 999)
				if err != nil {
					return err
				}
				return b.Send(ctx, got)
			}()
		}()
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				if err := a.Send(ctx, want); err != nil {
					return err
				}
				return a.SendEOF(ctx)
			})
			got, err := receiveAll(ctx, a, 1000)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("received %d bytes, %v, not the %d sent", len(got), err, len(want))
			}
		})
		testkit.WantErr(t, <-failed, nil)
		testkit.WantErr(t, a.Close(ctx), nil)
	}, anyiotest.Skip("sim", "a simulation cannot wait for a goroutine outside"))
}

func TestPipeCallsDoNotAllocate(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(16)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				defer b.Close(ctx)
				var buf [64]byte
				for {
					n, err := b.Receive(ctx, buf[:])
					if err == io.EOF {
						return nil
					} else if err != nil {
						return err
					}
					if err := b.Send(ctx, buf[:n]); err != nil {
						return err
					}
				}
			})
			msg, buf := pattern(16), make([]byte, 64)
			allocs := testing.AllocsPerRun(500, func() {
				testkit.WantErr(t, a.Send(ctx, msg), nil)
				if _, err := a.Receive(ctx, buf); err != nil {
					t.Error(err)
				}
			})
			if allocs != 0 {
				t.Errorf("%v allocations a round", allocs)
			}
			testkit.WantErr(t, a.Close(ctx), nil)
		})
	}, anyiotest.Skip("sim", "the simulator records its steps"))
}
