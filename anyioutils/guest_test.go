package anyioutils_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyioutils"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
)

// A desk is a loop that makes calls, on one goroutine.
type desk struct {
	todo chan func()
	over bool // the guest's outcome was told
}

func newDesk() *desk { return &desk{todo: make(chan func())} }

// post waits for the call, as loops do whose queue is short.
func (d *desk) post(f func()) {
	called := make(chan struct{})
	d.todo <- func() {
		f()
		close(called)
	}
	<-called
}

// run makes calls until the guest has told its outcome.
func (d *desk) run() {
	for !d.over {
		(<-d.todo)()
	}
}

// guestRun runs main as the guest of a new desk, which belongs to a thread if locked.
func guestRun[T any](t *testing.T, ctx context.Context, locked bool, main func(ctx context.Context, d *desk) (T, error), opts ...anyio.RunOption) (value T, err error) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if locked {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
		}
		d := newDesk()
		done := func(v T, e error) {
			value, err = v, e
			d.over = true
		}
		startErr := anyioutils.StartGuestRun(ctx, func(ctx context.Context) (T, error) { return main(ctx, d) },
			anyioutils.HostLoop{Post: d.post}, done, opts...)
		if startErr != nil {
			t.Error(startErr)
			return
		}
		d.run()
	}()
	<-ended
	return value, err
}

// eachHost runs f with hosts that belong to a thread and that do not.
func eachHost(t *testing.T, f func(t *testing.T, locked bool)) {
	for name, locked := range map[string]bool{"locked": true, "free": false} {
		t.Run(name, func(t *testing.T) { f(t, locked) })
	}
}

func TestGuestRunsInCallsOfItsHost(t *testing.T) {
	eachHost(t, func(t *testing.T, locked bool) {
		shared := 0 // of the host's goroutine, and so of the tasks: no lock
		v, err := guestRun(t, context.Background(), locked, func(ctx context.Context, d *desk) (string, error) {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 100 {
					tg.Go(func(ctx context.Context) error {
						for range 5 {
							shared++
							if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
								return err
							}
						}
						return nil
					})
				}
				return nil
			})
			return "done", err
		})
		if v != "done" || err != nil || shared != 500 {
			t.Errorf("%q, %v, %d", v, err, shared)
		}
	})
}

// Both work for as long as the other needs: the guest never waits, and the host is to be
// asked by nobody for long.
func TestHostHasItsTurnBesideABusyGuest(t *testing.T) {
	for name, here := range map[string]bool{"Post": false, "PostHere": true} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			var local []func()
			host := anyioutils.HostLoop{Post: d.post, Burst: 50 * time.Microsecond}
			if here {
				host.PostHere = func(f func()) { local = append(local, f) }
			}
			turns := 0 // of the host
			main := func(ctx context.Context) (int, error) {
				spins := 0
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for range 3 {
						tg.Go(func(ctx context.Context) error {
							for turns < 100 {
								spins++
								if err := yield(ctx); err != nil {
									return err
								}
							}
							return nil
						})
					}
					tg.Go(func(ctx context.Context) error { return spawnUntil(ctx, tg, func() bool { return turns >= 100 }) })
					return nil
				})
				return spins, err
			}
			done := func(spins int, err error) {
				if spins == 0 || err != nil {
					t.Errorf("%d spins, %v", spins, err)
				}
				d.over = true
			}
			testkit.Must(t, anyioutils.StartGuestRun(context.Background(), main, host, done))
			for !d.over {
				if len(local) > 0 {
					f := local[0]
					local = local[1:]
					f()
				} else {
					(<-d.todo)()
				}
				turns++
			}
			if turns < 100 {
				t.Errorf("%d turns", turns)
			}
		})
	}
}

// yield gives way of its own accord.
func yield(ctx context.Context) error { return anyio.Sleep(ctx, 0) }

// spawnUntil keeps a group busy with new tasks, one after the other.
func spawnUntil(ctx context.Context, tg *anyio.TaskGroup, enough func() bool) error {
	if !enough() {
		tg.Go(func(ctx context.Context) error { return spawnUntil(ctx, tg, enough) })
	}
	return nil
}

// Sockets, blocking calls, and what the host does.
func TestGuestWaitsForTheWorld(t *testing.T) {
	eachHost(t, func(t *testing.T, locked bool) {
		_, err := guestRun(t, context.Background(), locked, func(ctx context.Context, d *desk) (int, error) {
			l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
			if err != nil {
				return 0, err
			}
			var ev anyio.Event
			go d.post(ev.Set)
			if err := ev.Wait(ctx); err != nil {
				return 0, err
			}
			return 0, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					return l.Serve(ctx, nil, func(ctx context.Context, conn *socket.Stream) error {
						defer conn.Close(ctx)
						var buf [64]byte
						for {
							n, err := conn.Receive(ctx, buf[:])
							if err != nil {
								return nil
							}
							if err := conn.Send(ctx, buf[:n]); err != nil {
								return err
							}
						}
					})
				})
				var clients anyio.Semaphore
				for range 20 {
					tg.Go(func(ctx context.Context) error {
						defer clients.Release()
						conn, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
						if err != nil {
							return err
						}
						defer conn.Close(ctx)
						for range 10 {
							text, err := anyio.RunBlockingValue(ctx, func() (string, error) { return "hello", nil })
							if err != nil {
								return err
							}
							if err := conn.Send(ctx, []byte(text)); err != nil {
								return err
							}
							var got []byte
							for len(got) < len(text) {
								var buf [64]byte
								n, err := conn.Receive(ctx, buf[:])
								if err != nil {
									return err
								}
								got = append(got, buf[:n]...)
							}
							if !bytes.Equal(got, []byte(text)) {
								t.Errorf("echo: %q", got)
							}
						}
						return nil
					})
				}
				for range 20 {
					if err := clients.Acquire(ctx); err != nil {
						return err
					}
				}
				tg.Cancel("all clients were served")
				return l.Close(ctx)
			})
		})
		testkit.WantNil(t, "guest", err)
	})
}

func TestGuestIsCanceledFromOutside(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cleaned := false
	_, err := guestRun(t, ctx, false, func(ctx context.Context, d *desk) (int, error) {
		cancel()
		err := anyio.SleepForever(ctx)
		cleaned = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return anyio.Sleep(ctx, 1) }) == nil
		return 1, err
	})
	if testkit.WantCanceled(t, "guest", err); !cleaned {
		t.Error("the main task had no time to clean up")
	}
}

func TestOutcomeOfAGuest(t *testing.T) {
	eachHost(t, func(t *testing.T, locked bool) {
		v, err := guestRun(t, context.Background(), locked, func(context.Context, *desk) (int, error) { return 3, testkit.ErrBoom })
		if v != 3 || err != testkit.ErrBoom {
			t.Errorf("an error: %d, %v", v, err)
		}
		_, err = guestRun(t, context.Background(), locked, func(context.Context, *desk) (int, error) { panic("bomb") }, anyio.OnPanic(testkit.Quiet))
		if pe, _ := errors.AsType[*anyio.PanicError](err); pe == nil || pe.Value != "bomb" {
			t.Errorf("a panic: %v", err)
		}
	})
	_, err := guestRun(t, context.Background(), false, func(ctx context.Context, _ *desk) (int, error) {
		return 0, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(context.Context) error { runtime.Goexit(); return nil })
			return nil
		})
	})
	if err == nil {
		t.Error("Goexit in a task is no error")
	}
}

// A host that is no good is told so: on the spot, or by a panic in it.
func TestGuestOfAnUnsuitableHost(t *testing.T) {
	main := func(context.Context) (int, error) { t.Error("it ran"); return 0, nil }
	done := func(int, error) { t.Error("it is done") }
	host := anyioutils.HostLoop{Post: func(func()) { t.Error("it asked for a call") }}
	ctx := context.Background()
	for name, err := range map[string]error{
		"parallel":    anyioutils.StartGuestRun(ctx, main, host, done, anyio.On(anyio.Parallel())),
		"sim":         anyioutils.StartGuestRun(ctx, main, host, done, anyio.On(sim.New(sim.Config{}))),
		"no function": anyioutils.StartGuestRun(ctx, nil, host, done),
		"no host":     anyioutils.StartGuestRun(ctx, main, anyioutils.HostLoop{}, done),
		"no done":     anyioutils.StartGuestRun(ctx, main, host, nil),
	} {
		testkit.WantMisuse(t, name, err)
	}
}

// The option for the event loop is no other backend, and other options count.
func TestOptionsOfAGuest(t *testing.T) {
	name, err := guestRun(t, context.Background(), false, func(ctx context.Context, _ *desk) (string, error) {
		info, _ := anyio.CurrentTask(ctx)
		return testkit.BackendOf(ctx) + " " + info.Name, nil
	}, anyio.On(anyio.EventLoop()), anyio.MainName("guest"))
	if name != "eventloop guest" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
}

// Calls that the guest has not asked for do nothing: again, and within itself.
func TestCallsThatNobodyHasAskedFor(t *testing.T) {
	d := newDesk()
	var last func()
	host := anyioutils.HostLoop{Post: func(f func()) { d.post(func() { last = f; f(); f() }) }}
	steps := 0
	main := func(ctx context.Context) (int, error) {
		for range 3 {
			last()
			steps++
			if err := anyio.Sleep(ctx, 1); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}
	testkit.Must(t, anyioutils.StartGuestRun(context.Background(), main, host, func(int, error) { d.over = true }))
	d.run()
	if steps != 3 {
		t.Errorf("%d steps", steps)
	}
}

// Who calls may change, unless a thread belongs to it.
func TestGuestOfManyGoroutines(t *testing.T) {
	over := make(chan error, 1)
	host := anyioutils.HostLoop{Post: func(f func()) { go f() }}
	main := func(ctx context.Context) (int, error) {
		for range 10 {
			if err := anyio.Sleep(ctx, 1); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}
	testkit.Must(t, anyioutils.StartGuestRun(context.Background(), main, host, func(_ int, err error) { over <- err }))
	testkit.WantNil(t, "guest", <-over)
}
