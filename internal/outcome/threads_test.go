//go:build unix

package outcome_test

import (
	"context"
	"os"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/osthread"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/process"
)

// blocking is a call of RunBlocking whose function waits for a channel.
func blocking(opts ...anyio.BlockingOption) wait {
	var begun anyio.Event
	release := make(chan struct{})
	w := waiting(func(ctx context.Context) error {
		return anyio.RunBlocking(ctx, func() error {
			begun.Set()
			<-release
			return nil
		}, opts...)
	}, func(context.Context) { close(release) }, nil)
	w.begun = &begun
	return w
}

// inPortal is a call into a portal whose function waits for an event.
func inPortal(call func(ctx context.Context, p *portal.Portal, f func(ctx context.Context) (int, error)) error) func(*bench) wait {
	return func(b *bench) wait {
		p := must[*portal.Portal](b)(portal.New(b.ctx))
		var begun, e anyio.Event
		w := waiting(func(ctx context.Context) error {
			return call(ctx, p, func(ctx context.Context) (int, error) {
				begun.Set()
				return 1, e.Wait(ctx)
			})
		}, func(context.Context) { e.Set() }, func(ctx context.Context) { b.check(p.Close(ctx)) })
		w.begun = &begun
		return w
	}
}

// dozing waits in a worker process until it is killed.
var dozing = process.Register("doze", func(ctx context.Context, named string) (int, error) {
	f, err := os.OpenFile(named, os.O_RDONLY, 0) // of a FIFO: until somebody writes
	if err != nil {
		return 0, err
	}
	return 1, f.Close()
})

// elsewhere are calls of functions that run on threads, in portals and in other processes.
// busyThread is a thread that runs a function until release is called. left waits for the
// task that has given it the function.
func busyThread(b *bench) (t *osthread.Pool, release, left func(context.Context)) {
	t = osthread.NewPool(1)
	_, tg := anyio.OpenTaskGroup(b.ctx)
	stop := make(chan struct{})
	var begun anyio.Event
	tg.Go(func(ctx context.Context) error {
		_, err := anyio.RunBlockingValue(ctx, func() (int, error) { begun.Set(); <-stop; return 0, nil }, osthread.On(t))
		return err
	})
	b.check(begun.Wait(b.ctx))
	return t, func(context.Context) { close(stop) }, func(context.Context) { b.check(tg.End(nil)) }
}

var elsewhere = []kind{
	{name: "RunBlocking", kept: true, only: real, make: func(*bench) wait { return blocking() }},
	{name: "RunBlocking, abandoned", only: real, unended: true, late: true, make: func(*bench) wait { return blocking(anyio.AbandonOnCancel()) }},
	{name: "RunBlocking on a thread", kept: true, only: real, make: func(b *bench) wait {
		t := osthread.NewPool(1)
		w := blocking(osthread.On(t))
		w.free = closing(t)
		return w
	}},
	{name: "RunBlocking on a thread that is busy", unended: true, only: real, make: func(b *bench) wait {
		t, release, left := busyThread(b)
		return waiting(func(ctx context.Context) error {
			_, err := anyio.RunBlockingValue(ctx, func() (int, error) { return 0, nil }, osthread.On(t))
			return err
		}, release, func(ctx context.Context) {
			left(ctx)
			_ = t.Close(ctx)
		})
	}},
	{name: "osthread.Pool.Close", unended: true, only: real, make: func(b *bench) wait {
		t, release, left := busyThread(b)
		return waiting(t.Close, release, left)
	}},
	{name: "RunIn", make: through(func(ctx context.Context, f func(context.Context) error) error {
		_, err := anyio.RunIn(ctx, valued(f))
		return err
	})},
	{name: "RunIn from a thread", late: true, unended: true, only: real, make: func(*bench) wait {
		var begun, e anyio.Event
		w := waiting(func(ctx context.Context) error {
			_, err := anyio.RunBlockingValue(ctx, func() (int, error) {
				return anyio.RunIn(ctx, func(ctx context.Context) (int, error) {
					begun.Set()
					return 1, e.Wait(ctx)
				})
			})
			return err
		}, func(context.Context) { e.Set() }, nil)
		w.begun = &begun
		return w
	}},
	{name: "portal.Call", late: true, unended: true, only: real, make: inPortal(func(ctx context.Context, p *portal.Portal, f func(ctx context.Context) (int, error)) error {
		_, err := portal.Call(ctx, p, f)
		return err
	})},
	{name: "portal.Start", late: true, unended: true, only: real, make: inPortal(func(ctx context.Context, p *portal.Portal, f func(ctx context.Context) (int, error)) error {
		_, _, err := portal.Start(ctx, p, func(ctx context.Context, started func(int)) (int, error) {
			v, err := f(ctx)
			if err == nil {
				started(v)
			}
			return v, err
		})
		return err
	})},
	{name: "portal.Open", late: true, unended: true, only: real, make: inPortal(func(ctx context.Context, p *portal.Portal, f func(ctx context.Context) (int, error)) error {
		_, leave, err := portal.Open(ctx, p, func(ctx context.Context, body func(ctx context.Context, v int) error) error {
			v, err := f(ctx)
			if err != nil {
				return err
			}
			return body(ctx, v)
		})
		if err == nil {
			err = leave(ctx, nil)
		}
		return err
	})},
	{name: "portal.Task.Wait", unended: true, only: real, make: func(b *bench) wait {
		w := inPortal(func(ctx context.Context, p *portal.Portal, f func(ctx context.Context) (int, error)) error {
			t, err := portal.Go(p, f)
			if err != nil {
				return err
			}
			return t.Wait(ctx)
		})(b)
		w.last = "TaskHandle.Wait" // the function may be there first
		return w
	}},
	{name: "Portal.WaitStopped", make: func(b *bench) wait {
		open := anyio.NewFuture[*portal.Portal]("")
		return waiting(func(ctx context.Context) error {
			return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
				_ = open.Set(p)
				return p.WaitStopped(ctx)
			})
		}, func(ctx context.Context) {
			if p, err := open.Value(); err == nil {
				p.Stop()
			}
		}, nil)
	}},
	{name: "Function.Call", unended: true, only: real, few: true, make: func(b *bench) wait {
		name := b.fifo()
		return waiting(func(ctx context.Context) error { _, err := dozing.Call(ctx, name); return err },
			func(context.Context) {}, func(context.Context) { _ = os.Remove(name) })
	}},
	{name: "process.Run", unended: true, only: real, few: true, make: func(b *bench) wait {
		return waiting(func(ctx context.Context) error {
			_, err := process.Run(ctx, process.Command{Args: []string{"sleep", "3600"}})
			return err
		}, func(context.Context) {}, nil)
	}},
	{name: "process.Output", unended: true, only: real, few: true, make: func(b *bench) wait {
		return waiting(func(ctx context.Context) error { _, err := process.Output(ctx, "sleep", "3600"); return err }, func(context.Context) {}, nil)
	}},
}
