package eventloop_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/portal"
)

// An event loop that waits is driven by the worker that has made a blocking call for it,
// if that was one of this module's own: see package loop. These tests are about what
// that must not change, and that nobody else drives a loop.

// ownCall is a blocking call whose worker may drive the loop. Where the scheduler has its
// way the loop waits by the time that it ends.
func ownCall(ctx context.Context) error {
	_, err := anyio.RunBlockingValue(ctx, func() (int, error) { runtime.Gosched(); return 0, nil }, inside.OwnCall.(anyio.BlockingOption))
	return err
}

// onIdleLoop runs f on a goroutine beside an event loop which waits most of the time.
func onIdleLoop(t *testing.T, f func(p *portal.Portal)) error {
	t.Helper()
	return anyio.Run(t.Context(), func(ctx context.Context) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			go func() {
				defer p.Stop()
				f(p)
			}()
			return p.WaitStopped(ctx)
		})
	}, anyio.On(anyio.EventLoop()))
}

// call is a call through the portal that returns what f returns.
func call(t *testing.T, p *portal.Portal, f func(ctx context.Context) error) {
	t.Helper()
	if _, err := portal.Call(context.Background(), p, func(ctx context.Context) (int, error) { return 0, f(ctx) }); err != nil {
		t.Errorf("call: %v", err)
	}
}

func TestWhatABlockingCallLeavesBehindGoesOn(t *testing.T) {
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		for range 50 {
			slept := false
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				if err := ownCall(ctx); err != nil {
					return err
				}
				tg.Go(func(ctx context.Context) error {
					defer func() { slept = true }()
					return anyio.Sleep(ctx, 1000) // a timer that the loop did not know when it began to wait
				})
				return nil
			})
			if !slept || err != nil {
				t.Errorf("the task that was left: %t, %v", slept, err)
			}
			// A watcher is woken by the loop's goroutine only.
			testkit.WantNil(t, "call", ownCall(ctx))
			testkit.WantNil(t, "WaitAllTasksBlocked", anyio.WaitAllTasksBlocked(ctx))
		}
		return nil
	}, anyio.On(anyio.EventLoop()))
	testkit.WantNil(t, "run", err)
}

// A call that a worker is to make when nothing else is ready does not wait for tasks
// that are always ready.
func TestBlockingCallBesideABusyTaskIsMade(t *testing.T) {
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		for range 20 {
			testkit.WantNil(t, "call", ownCall(ctx))
			var done atomic.Bool
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					for !done.Load() {
						if err := anyio.Sleep(ctx, 0); err != nil {
							return err
						}
					}
					return nil
				})
				err := ownCall(ctx)
				done.Store(true)
				return err
			})
			testkit.WantNil(t, "group", err)
		}
		return nil
	}, anyio.On(anyio.EventLoop()))
	testkit.WantNil(t, "run", err)
}

// A goroutine that may be locked to a thread, because it has run code of others, drives no
// loop: not who calls Run, or into a run, nor one that has run a blocking function.
func TestOnlyOurOwnGoroutinesDriveALoop(t *testing.T) {
	runner := kernel.GoroutineID()
	drives := func(stack string) bool { return strings.Contains(stack, "/internal/loop.(*Loop).drive") }
	look := func(what string, goroutine int64) {
		t.Helper()
		stacks, driven := kernel.Stacks(), false
		for _, stack := range stacks {
			driven = driven || drives(stack)
		}
		if !driven {
			t.Errorf("%s: nobody is seen to drive the loop", what)
		}
		for _, id := range []int64{goroutine, runner} {
			if drives(stacks[id]) {
				t.Errorf("%s: the loop is driven by\n%s", what, stacks[id])
			}
		}
	}
	err := onIdleLoop(t, func(p *portal.Portal) {
		for range 20 {
			caller := kernel.GoroutineID()
			call(t, p, func(ctx context.Context) error {
				look("portal.Call", caller)
				id, err := anyio.RunBlockingValue(ctx, func() (int64, error) {
					runtime.Gosched() // let the loop wait
					id := kernel.GoroutineID()
					_, err := anyio.RunIn(ctx, func(context.Context) (int, error) { look("RunIn", id); return 0, nil })
					return id, err
				})
				look("RunBlocking", id)
				return err
			})
		}
	})
	testkit.WantNil(t, "run", err)
}

func TestGoexitOfAnotherTaskDoesNotExitWhoDrivesTheLoop(t *testing.T) {
	went := make(chan string, 1)
	if !testkit.Exited(func(*testing.T) {
		_ = onIdleLoop(t, func(p *portal.Portal) {
			how := "was exited"
			defer func() { went <- how }()
			_, _ = portal.Call(context.Background(), p, func(ctx context.Context) (int, error) {
				if err := ownCall(ctx); err != nil {
					return 0, err
				}
				other, err := portal.Go(p, func(context.Context) (int, error) {
					runtime.Goexit()
					return 0, nil
				})
				if err != nil {
					return 0, err
				}
				return 0, errors.Join(other.Wait(ctx), ownCall(ctx))
			})
			how = "went on"
		})
	}) {
		t.Error("Run returned")
	}
	if how := <-went; how != "went on" {
		t.Errorf("the goroutine that called %s", how)
	}
}

func TestGoexitAfterABlockingCallExitsTheCallerOfRun(t *testing.T) {
	rest := 0
	if !testkit.Exited(func(*testing.T) {
		_ = anyio.Run(t.Context(), func(ctx context.Context) error {
			defer func() { rest++ }()
			for range 20 {
				testkit.WantNil(t, "call", ownCall(ctx))
			}
			runtime.Goexit()
			return nil
		}, anyio.On(anyio.EventLoop()))
	}) {
		t.Error("Run returned")
	}
	if rest != 1 {
		t.Errorf("main's deferred call ran %d times", rest)
	}
}

func TestMainTaskMayEndInACall(t *testing.T) {
	for range 50 {
		var gate anyio.Event
		done := make(chan error, 1)
		err := anyio.Run(t.Context(), func(ctx context.Context) error {
			return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
				go func() {
					for range 3 {
						call(t, p, func(context.Context) error { return nil })
					}
					_, err := portal.Call(context.Background(), p, func(ctx context.Context) (int, error) {
						gate.Set()
						p.Stop()
						return 0, anyio.Sleep(ctx, 0)
					})
					done <- err
				}()
				return gate.Wait(ctx)
			})
		}, anyio.On(anyio.EventLoop()))
		testkit.WantNil(t, "run", err)
		testkit.WantNil(t, "the last call", <-done)
	}
}

func TestMainTaskMayEndAfterABlockingCall(t *testing.T) {
	for range 50 {
		n, err := 0, error(nil)
		err = anyio.Run(t.Context(), func(ctx context.Context) error {
			for err == nil && n < 10 {
				err = ownCall(ctx)
				n++
			}
			return err
		}, anyio.On(anyio.EventLoop()))
		if n != 10 || err != nil {
			t.Errorf("%d calls, %v", n, err)
		}
	}
}

func TestCancellationReachesACallThatComputes(t *testing.T) {
	err := onIdleLoop(t, func(p *portal.Portal) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		_, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) {
			go cancel()
			for ctx.Err() == nil { // it never gives way
				runtime.Gosched()
			}
			return 0, ctx.Err()
		})
		if !errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("got %v", err)
		}
	})
	testkit.WantNil(t, "run", err)
}

// The caller of Run and callers into the run may be locked to threads, and what a blocking
// function leaves locked spoils nothing.
func TestLockedGoroutinesKeepTheirThreads(t *testing.T) {
	work := func() {
		err := onIdleLoop(t, func(p *portal.Portal) {
			for range 20 {
				runtime.LockOSThread()
				call(t, p, func(ctx context.Context) error { return anyio.Sleep(ctx, 0) })
				runtime.UnlockOSThread()
				call(t, p, func(ctx context.Context) error {
					_, err := anyio.RunBlockingValue(ctx, func() (int, error) { runtime.LockOSThread(); return 0, nil })
					return errors.Join(err, ownCall(ctx), anyio.Sleep(ctx, 0))
				})
			}
		})
		testkit.WantNil(t, "run", err)
	}
	work()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	work()
}

func TestBlockingCallsAreNotMadeWhereOneLeftItsThreadLocked(t *testing.T) {
	locked := func() bool { // as the header of the stack tells
		var buf [64]byte
		return strings.Contains(string(buf[:runtime.Stack(buf[:], false)]), ", locked to thread")
	}
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		for range 20 {
			was, err := anyio.RunBlockingValue(ctx, func() (bool, error) {
				was := locked()
				if runtime.LockOSThread(); !locked() {
					t.Error("this version of Go does not tell who is locked")
				}
				return was, nil
			})
			if was || err != nil {
				t.Errorf("locked: %t, %v", was, err)
			}
		}
		return nil
	}, anyio.On(anyio.EventLoop()))
	testkit.WantNil(t, "run", err)
}

// One task runs at a time, whoever drives the loop, and everything ends.
func TestLoopThatWorkersDriveRunsOneTaskAtATime(t *testing.T) {
	const callers, each = 4, 300
	var inside, total atomic.Int64
	step := func() {
		if inside.Add(1) != 1 {
			t.Error("two tasks run at the same time")
		}
		total.Add(1)
		inside.Add(-1)
	}
	err := onIdleLoop(t, func(p *portal.Portal) {
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for n := range each {
					call(t, p, func(ctx context.Context) error {
						step()
						if n%4 == 0 {
							if err := anyio.Sleep(ctx, 1); err != nil {
								return err
							}
							step()
						}
						if n%3 > 0 {
							err := ownCall(ctx)
							step()
							return err
						}
						_, err := anyio.RunBlockingValue(ctx, func() (int, error) {
							return anyio.RunIn(ctx, func(context.Context) (int, error) { step(); return 0, nil })
						})
						step()
						return err
					})
				}
			})
		}
		wg.Wait()
	})
	testkit.WantNil(t, "run", err)
	if want := int64(callers * (each + each/4 + 4*each/3)); total.Load() != want {
		t.Errorf("%d steps, want %d", total.Load(), want)
	}
}

// What a call through a portal starts goes on without it.
func TestWhatACallLeavesBehindGoesOn(t *testing.T) {
	err := onIdleLoop(t, func(p *portal.Portal) {
		var child *portal.Task[int]
		for range 50 {
			call(t, p, func(ctx context.Context) (err error) {
				child, err = portal.Go(p, func(ctx context.Context) (int, error) {
					return 1, anyio.Sleep(ctx, 1000) // a timer that the loop did not know when it began to wait
				})
				return err
			})
			if n, err := child.Await(context.Background()); n != 1 || err != nil {
				t.Errorf("the task that was left: %d, %v", n, err)
			}
			// A watcher is woken by the loop's goroutine only.
			call(t, p, anyio.WaitAllTasksBlocked)
		}
	})
	testkit.WantNil(t, "run", err)
}

// Tasks that are always ready do not keep who has called.
func TestCallReturnsWhenItsTaskHasEnded(t *testing.T) {
	err := onIdleLoop(t, func(p *portal.Portal) {
		for range 20 {
			var returned atomic.Bool
			call(t, p, func(context.Context) error {
				_, err := portal.Go(p, func(ctx context.Context) (int, error) {
					for !returned.Load() {
						if err := anyio.Sleep(ctx, 0); err != nil {
							return 0, err
						}
					}
					return 0, nil
				})
				return err
			})
			returned.Store(true)
		}
	})
	testkit.WantNil(t, "run", err)
}
