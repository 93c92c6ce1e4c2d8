package portal_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/portal"
)

// portalCall has f called through the portal, and tells from which testkit.Line.
func portalCall(ctx context.Context, p *portal.Portal, name string, at *string, f func(context.Context) error) error {
	*at = testkit.Line(1)
	_, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { return 0, f(ctx) }, anyio.Name(name))
	return err
}

// awaitedBy is the name of the task whose end the named one waits for, or "".
func awaitedBy(ctx context.Context, name string) string {
	for _, v := range kernel.Locate(ctx).Run().Tasks() {
		if v.Task.Name() == name && v.Of != nil {
			if who := v.Of.Owners().Who; len(who) == 1 && who[0].Task != nil {
				return who[0].Task.Name()
			}
		}
	}
	return ""
}

// On the parallel backend a called task runs on the goroutine of its caller.
func TestCallerOfAPortalIsSeenToWait(t *testing.T) {
	for _, own := range []bool{true, false} { // is the context that the called task waits with
		anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
			var ev anyio.Event
			atOuter, atInner, atWait := "", "", ""
			err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						return portalCall(ctx, p, "middle", &atOuter, func(ctx context.Context) error {
							return portalCall(ctx, p, "inner", &atInner, func(inner context.Context) error {
								if own {
									ctx = inner
								}
								atWait = testkit.Line(1)
								return ev.Wait(ctx) //anyiovet:ignore outerctx the portal is asked with the context of another
							})
						})
					}, anyio.Name("outer"))
					testkit.Settled(t, ctx)
					for _, w := range []struct{ name, op, at string }{
						{"outer", "portal.Call", atOuter}, {"middle", "portal.Call", atInner}, {"inner", "Event.Wait", atWait},
					} {
						i := testkit.TaskNamed(t, ctx, w.name)
						testkit.WantWait(t, w.name, i, anyio.TaskWaiting, w.op)
						if s := i.Sources(); len(s) == 0 || s[0] != w.at {
							t.Errorf("%s: sources %q, the first should be %q", w.name, s, w.at)
						}
					}
					for name, want := range map[string]string{"outer": "middle", "middle": "inner"} {
						if got := awaitedBy(ctx, name); got != want {
							t.Errorf("%s waits for the end of %q, want %q", name, got, want)
						}
					}
					ev.Set()
					return nil
				})
			})
			testkit.WantNil(t, "portal", err)
		})
	}
}

// Its own run sees that a task waits for a task of another run.
func TestCallerOfAnotherRunsPortalIsSeenToWait(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		portals, release := make(chan *portal.Portal, 1), make(chan struct{})
		over := make(chan error, 1)
		go func() {
			over <- anyio.Run(context.Background(), func(ctx context.Context) error {
				return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
					portals <- p
					return p.WaitStopped(ctx)
				})
			})
		}()
		p := <-portals
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_, err := portal.Call(ctx, p, func(context.Context) (int, error) { <-release; return 0, nil })
				return err
			}, anyio.Name("caller"))
			testkit.Settled(t, ctx)
			testkit.WantWait(t, "caller", testkit.TaskNamed(t, ctx, "caller"), anyio.TaskWaiting, "portal.Call")
			close(release)
			return nil
		})
		testkit.WantNil(t, "group", err)
		p.Stop()
		testkit.WantNil(t, "the other run", <-over)
	})
}
