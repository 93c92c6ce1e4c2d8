package signals_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/sim"
)

// receiver begins to receive a signal until the end of the test, at the latest.
func receiver(t *testing.T, ctx context.Context, sigs ...os.Signal) *signals.Receiver {
	t.Helper()
	r, err := signals.Open(ctx, sigs...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { testkit.WantNil(t, "close", r.Close(ctx)) })
	return r
}

func TestReceiversOfTheSameSignalAllGetIt(t *testing.T) {
	signalTest(t, func(t *testing.T, ctx context.Context) {
		first, second := receiver(t, ctx, syscall.SIGHUP), receiver(t, ctx, syscall.SIGTERM, syscall.SIGHUP)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for _, r := range []*signals.Receiver{first, second} {
				tg.Go(func(ctx context.Context) error {
					s, err := r.Receive(ctx)
					if s != syscall.SIGHUP || err != nil {
						t.Errorf("got %v, %v", s, err)
					}
					return nil
				})
			}
			testkit.Settled(t, ctx)
			raise(t, ctx, syscall.SIGHUP)
			return nil
		})
		testkit.WantNil(t, "group", err)
		testkit.WantNil(t, "close the first", first.Close(ctx))
		raise(t, ctx, syscall.SIGHUP)
		if s, err := second.Receive(ctx); s != syscall.SIGHUP || err != nil {
			t.Errorf("when the first is closed: %v, %v", s, err)
		}
	})
}

// Whatever is sent in one instant, everybody gets one of each.
func TestSignalsOfOneInstantReachAllWhoReceiveThem(t *testing.T) {
	sigs := []os.Signal{syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT}
	signalTest(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 5 {
				r := receiver(t, ctx, sigs...)
				tg.Go(func(ctx context.Context) error {
					got := map[os.Signal]int{}
					for len(got) < len(sigs) {
						s, err := r.Receive(ctx)
						if err != nil {
							return err
						}
						got[s]++
					}
					for _, s := range sigs {
						if got[s] != 1 {
							t.Errorf("%v has come %d times", s, got[s])
						}
					}
					return nil
				})
			}
			testkit.Settled(t, ctx)
			for _, s := range sigs {
				raise(t, ctx, s)
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

// A signal that has ended a wait is received, whatever happens before the task runs.
func TestSignalThatComesBeforeTheCloseIsReceived(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if testkit.BackendOf(ctx) != "sim" {
			t.Skip("elsewhere nobody can tell when the signal has arrived")
		}
		r := receiver(t, ctx, syscall.SIGHUP, syscall.SIGTERM)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				if s, err := r.Receive(ctx); s != syscall.SIGHUP || err != nil {
					t.Errorf("got %v, %v", s, err)
				}
				if s, err := r.Receive(context.WithoutCancel(ctx)); !errors.Is(err, anyio.ErrClosed) {
					t.Errorf("afterwards: got %v, %v", s, err)
				}
				return nil
			})
			testkit.Settled(t, ctx)
			raise(t, ctx, syscall.SIGHUP)
			raise(t, ctx, syscall.SIGTERM)
			testkit.WantNil(t, "close", r.Close(ctx))
			tg.Cancel("afterwards")
			return nil
		})
		testkit.WantNil(t, "group", err)
	}, anyiotest.Seeds(20))
}

// A task closes receivers while another one receives and signals arrive.
func TestReceiverIsClosedWhileSignalsArrive(t *testing.T) {
	signalTest(t, func(t *testing.T, ctx context.Context) {
		receiver(t, ctx, syscall.SIGHUP) // so that none ends the process
		for round := range 50 {
			r := receiver(t, ctx, syscall.SIGHUP)
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					var last error
					for s, err := range r.All(ctx) {
						if err == nil && s != syscall.SIGHUP {
							t.Errorf("got %v", s)
						}
						last = err
					}
					if !errors.Is(last, anyio.ErrClosed) {
						t.Errorf("the end is %v", last)
					}
					return nil
				})
				tg.Go(func(ctx context.Context) error {
					for range 20 {
						raise(t, ctx, syscall.SIGHUP)
						if err := lowlevel.Checkpoint(ctx); err != nil {
							return err
						}
					}
					return nil
				})
				for range round % 20 {
					if err := lowlevel.Checkpoint(ctx); err != nil {
						return err
					}
				}
				return r.Close(ctx)
			})
			testkit.WantNil(t, "group", err)
		}
	})
}

// The system merges signals that it has not delivered yet, so the count is not known.
func TestBurstOfSignalsArrivesAtLeastOnce(t *testing.T) {
	const burst = 10_000
	signalTest(t, func(t *testing.T, ctx context.Context) {
		r := receiver(t, ctx, syscall.SIGHUP, syscall.SIGTERM)
		for range burst {
			raise(t, ctx, syscall.SIGHUP)
		}
		raise(t, ctx, syscall.SIGTERM)
		n := 0
		for s, err := range r.All(ctx) {
			testkit.WantNil(t, "receive", err)
			if s == syscall.SIGTERM || err != nil {
				break
			}
			n++
		}
		if n < 1 || n > burst || testkit.Simulated(ctx) && n != burst {
			t.Errorf("%d of %d signals have arrived", n, burst)
		}
	})
}

func TestSignalReceiversCanBeCanceledEverywhere(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		var outer *signals.Receiver
		got, sent := 0, 0
		return anyiotest.Scenario{
			SetUp: func(ctx context.Context) (err error) {
				outer, err = signals.Open(ctx, syscall.SIGHUP)
				return err
			},
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						r, err := signals.Open(ctx, syscall.SIGTERM)
						if err != nil {
							return err
						}
						defer r.Close(ctx)
						_, err = r.Receive(ctx)
						return err
					})
					tg.Go(func(ctx context.Context) error {
						for range 3 {
							if _, err := outer.Receive(ctx); err != nil {
								return err
							}
							got++
						}
						return nil
					})
					for range 3 {
						if err := lowlevel.Checkpoint(ctx); err != nil {
							return err
						}
						if err := sim.Raise(ctx, syscall.SIGHUP); err != nil {
							return err
						}
						sent++
					}
					if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
						return err
					}
					err := sim.Raise(ctx, syscall.SIGTERM)
					if canceled := lowlevel.CheckpointIfCanceled(ctx); canceled != nil {
						return canceled // and so is who would have received it
					}
					return err
				})
			},
			Check: func(ctx context.Context, err error) error {
				for ; got < sent; got++ { // those that nobody took are still there
					if _, err := outer.Receive(ctx); err != nil {
						return err
					}
				}
				if sim.Raise(ctx, syscall.SIGTERM) == nil {
					return errors.New("the inner receiver is still open")
				}
				if err := sim.Raise(ctx, syscall.SIGHUP); err != nil {
					return err
				}
				if s, err := outer.Receive(ctx); s != syscall.SIGHUP || err != nil {
					return fmt.Errorf("the outer receiver gets %v, %w", s, err)
				}
				return errors.Join(err, outer.Close(ctx))
			},
		}
	})
}

func TestShutdownCanBeCanceledEverywhere(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		signaled := false
		return anyiotest.Scenario{
			Body: func(ctx context.Context) error {
				err := signals.WithShutdown(ctx, func(ctx context.Context) error {
					if err := lowlevel.Checkpoint(ctx); err != nil {
						return err
					}
					signaled = true
					if err := sim.Raise(ctx, os.Interrupt); err != nil {
						return err
					}
					return anyio.SleepForever(ctx)
				})
				if e, ok := errors.AsType[*signals.Error](err); ok != signaled || ok && e.Signal != os.Interrupt {
					return fmt.Errorf("signaled: %t, got %w", signaled, err)
				}
				if !signaled {
					return err
				}
				return nil
			},
			Check: func(ctx context.Context, err error) error {
				if sim.Raise(ctx, os.Interrupt) == nil {
					return errors.New("somebody still waits for the signal")
				}
				return err
			},
		}
	})
}
