package sim_test

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

func TestKilledHostIsRestarted(t *testing.T) {
	for seed := range uint64(10) {
		run(t, sim.Config{Seed: seed}, func(ctx context.Context, n *sim.Network) error {
			return group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				lives, cleaned := 0, 0
				err := onHost(ctx, tg, "db", func(ctx context.Context, ready func()) error {
					lives++
					defer func() {
						if cleaned++; cleaned > 1 {
							return // at the end, by the group
						}
						_ = anyio.Shielded(ctx, time.Second, func(ctx context.Context) error {
							_, err := dial(ctx, "db", 80)
							testkit.WantIs(t, "dial by a dead program", err, syscall.ENETDOWN)
							return nil
						})
					}()
					return serve(ctx, 80, ready, echo)
				})
				if err != nil {
					return err
				}
				c, err := dial(ctx, "db", 80)
				testkit.WantNil(t, "dial", err)
				defer c.Close()
				n.Kill("db", "out of memory")
				n.Kill("db", "again")
				_, err = c.Read(ctx, make([]byte, 1))
				testkit.WantIs(t, "read from a killed host", err, syscall.ECONNRESET)
				_, err = dial(ctx, "db", 80)
				testkit.WantIs(t, "dial a killed host", err, syscall.ECONNREFUSED)
				if lives != 1 || cleaned != 1 {
					t.Errorf("%d lives, %d cleaned up", lives, cleaned)
				}
				n.Restart("db")
				testkit.WantNil(t, "wait", anyio.WaitAllTasksBlocked(ctx))
				c2, err := dial(ctx, "db", 80)
				if err != nil {
					return err
				}
				if lives != 2 {
					t.Errorf("%d lives", lives)
				}
				return c2.Close()
			})
		})
	}
}

func TestHostWithoutPowerIsSilent(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		return group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			err := onHost(ctx, tg, "db", func(ctx context.Context, ready func()) error { return serve(ctx, 80, ready, echo) })
			if err != nil {
				return err
			}
			c, err := dial(ctx, "db", 80)
			testkit.WantNil(t, "dial", err)
			defer c.Close()
			n.PowerOff("db", "fuse")
			_, err = dial(ctx, "db", 80)
			testkit.WantIs(t, "dial", err, syscall.ETIMEDOUT)
			n.Restart("db")
			testkit.WantNil(t, "wait", anyio.WaitAllTasksBlocked(ctx))
			_, err = c.Write(ctx, []byte("are you there?"))
			testkit.WantNil(t, "write", err)
			_, err = c.Read(ctx, make([]byte, 1))
			testkit.WantIs(t, "read from a host that has forgotten", err, syscall.ECONNRESET)
			return nil
		})
	})
}

func TestHostThatNobodyRestartsIsADeadlock(t *testing.T) {
	_, err := testkit.DeadlockOf(t, sim.Config{Seed: 1}, func(ctx context.Context) error {
		return sim.RunOnHost(ctx, "db", func(ctx context.Context) error {
			sim.NetworkOf(ctx).Kill("db", "by itself")
			return anyio.SleepForever(ctx)
		})
	})
	if !strings.Contains(err.Error(), "nobody has restarted it") {
		t.Errorf("the report does not say why: %v", err)
	}
}
