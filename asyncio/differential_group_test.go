package asyncio_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
)

var groupTwins = []twin{
	{name: "task_group", main: taskGroup},
	{name: "task_group_error", main: taskGroupError},
	{name: "task_group_body", main: taskGroupBody},
	{name: "task_group_cancel", main: taskGroupCancel},
	{name: "task_group_child_cancel", main: taskGroupChildCancel},
	{name: "task_group_nested", main: taskGroupNested},
	{name: "task_group_nested_cancel", main: taskGroupNestedCancel},
	{name: "task_group_cleanup", main: taskGroupCleanup},
	{name: "task_group_hydra", main: taskGroupHydra},
	{name: "task_group_refused", main: taskGroupRefused, promised: true},
	{name: "task_group_timeout", main: taskGroupTimeout, promised: true},
}

// errorsOf are the errors in a group's, if it is one.
func errorsOf(err error) ([]error, bool) {
	var ge *anyio.GroupError
	if !errors.As(err, &ge) || error(ge) != err {
		return nil, false
	}
	return ge.Unwrap(), true
}

// texts are those of the errors in a group's.
func texts(err error) (all []string) {
	errs, _ := errorsOf(err)
	for _, e := range errs {
		all = append(all, message(e))
	}
	return all
}

func taskGroup(ctx context.Context, p *printer) error {
	var child func(tg *asyncio.TaskGroup, name string, depth int) func(context.Context) (string, error)
	child = func(tg *asyncio.TaskGroup, name string, depth int) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) {
			p.print("start", name)
			if err := yield(ctx, 1); err != nil {
				return "", err
			}
			if depth > 0 {
				asyncio.GroupTask(ctx, tg, child(tg, name+"'", depth-1))
			}
			p.print("end", name)
			return name, nil
		}
	}
	var a, b *asyncio.Task[string]
	err := asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
		a = asyncio.GroupTask(ctx, tg, child(tg, "a", 2))
		b = asyncio.GroupTask(ctx, tg, child(tg, "b", 0))
		p.print("body ends")
		return nil
	})
	va, err2 := a.Result()
	vb, err3 := b.Result()
	p.print("group ended", va, vb)
	p.print("entered again: refused") // by its form: a body is given
	return errors.Join(err, err2, err3)
}

func taskGroupError(ctx context.Context, p *printer) error {
	var canceled []string
	waits := func(name, text string) func(context.Context) error {
		return func(ctx context.Context) error {
			err := forever(ctx)
			canceled = append(canceled, name)
			if text != "" {
				return errors.New(text)
			}
			return err
		}
	}
	var tasks []*asyncio.Task[none]
	err := asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
		tasks = []*asyncio.Task[none]{
			tg.Go(ctx, waits("a", "")),
			tg.Go(ctx, waits("b", "error of b's cleanup")),
			tg.Go(ctx, func(ctx context.Context) error {
				if err := yield(ctx, 1); err != nil {
					return err
				}
				return errors.New("first")
			}),
		}
		err := forever(ctx)
		if isCanceled(err) {
			p.print("body canceled")
		}
		return err
	})
	p.print(texts(err))
	p.print("canceled", sorted(canceled))
	p.print([]bool{tasks[0].Canceled(), tasks[1].Canceled(), tasks[2].Canceled()}, me(ctx).Cancelling())
	return nil
}

func taskGroupBody(ctx context.Context, p *printer) error {
	canceled := asyncio.NewFuture[none](ctx)
	canceled.Cancel("")
	group := func(bodys error, childs string) {
		var t *asyncio.Task[none]
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
			t = tg.Go(ctx, func(ctx context.Context) error {
				err := forever(ctx)
				p.print("child canceled")
				if childs != "" {
					return errors.New(childs)
				}
				return err
			})
			if err := yield(ctx, 1); err != nil {
				return err
			}
			return bodys
		})
		if _, ok := errorsOf(err); ok {
			p.print("group:", texts(err))
		} else if isCanceled(err) {
			p.print("canceled")
		}
		p.print("child canceled:", t.Canceled())
	}
	group(errors.New("the body's"), "")
	group(errors.New("the body's"), "the child's")
	group(canceled.Err(), "")
	group(canceled.Err(), "the child's")
	return nil
}

func taskGroupCancel(ctx context.Context, p *printer) error {
	for _, text := range []string{"", "cleanup failed"} {
		for _, inBody := range []bool{true, false} {
			var canceled []string
			child := func(name, text string) func(context.Context) error {
				return func(ctx context.Context) error {
					err := forever(ctx)
					canceled = append(canceled, name)
					if text != "" {
						return errors.New(text)
					}
					return err
				}
			}
			t := task(ctx, func(ctx context.Context) error {
				return asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
					tg.Go(ctx, child("a", ""))
					tg.Go(ctx, child("b", text))
					if inBody {
						return forever(ctx)
					}
					return nil
				})
			})
			if err := yield(ctx, 2); err != nil {
				return err
			}
			t.Cancel("")
			_, err := t.Await(ctx)
			if _, ok := errorsOf(err); ok {
				p.print("host failed", texts(err), t.Cancelling())
			} else if isCanceled(err) {
				p.print(sorted(canceled))
				p.print("host canceled", t.Canceled(), t.Cancelling())
			}
		}
	}
	return nil
}

func taskGroupChildCancel(ctx context.Context, p *printer) error {
	f := asyncio.NewFuture[string](ctx)
	canceled := asyncio.NewFuture[none](ctx)
	canceled.Cancel("")
	var b *asyncio.Task[string]
	err := asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
		a := tg.Go(ctx, forever)
		b = asyncio.GroupTask(ctx, tg, f.Await)
		c := tg.Go(ctx, func(context.Context) error { return canceled.Err() })
		err := yield(ctx, 1)
		a.Cancel("")
		err2 := yield(ctx, 1)
		p.print("a", a.Canceled(), "c", c.Canceled(), "b", b.Done())
		return errors.Join(err, err2, f.SetResult("value"))
	})
	v, err2 := b.Result()
	p.print("group ended", v, me(ctx).Cancelling())
	return errors.Join(err, err2)
}

func taskGroupNested(ctx context.Context, p *printer) error {
	waits := func(name string) func(context.Context) error {
		return func(ctx context.Context) error {
			err := forever(ctx)
			if isCanceled(err) {
				p.print(name, "canceled")
			}
			return err
		}
	}
	fails := func(text string) func(context.Context) error {
		return func(ctx context.Context) error {
			if err := yield(ctx, 1); err != nil {
				return err
			}
			return errors.New(text)
		}
	}
	var show func(err error, depth int)
	show = func(err error, depth int) {
		errs, ok := errorsOf(err)
		if !ok {
			p.print(strings.Repeat(" ", depth) + message(err))
			return
		}
		p.print(strings.Repeat(" ", depth)+"group of", len(errs))
		for _, e := range errs {
			show(e, depth+1)
		}
	}
	for _, children := range [][]func(context.Context) error{{fails("inner"), waits("sibling")}, {waits("inner child")}} {
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
			tg.Go(ctx, func(ctx context.Context) error {
				return asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
					for _, c := range children {
						tg.Go(ctx, c)
					}
					return nil
				})
			})
			if len(children) > 1 {
				tg.Go(ctx, waits("outer child"))
			} else {
				tg.Go(ctx, fails("outer"))
			}
			return nil
		})
		show(err, 0)
	}
	return nil
}

func taskGroupNestedCancel(ctx context.Context, p *printer) error {
	child := func(text string) func(context.Context) error {
		return func(ctx context.Context) error {
			err := forever(ctx)
			if text != "" {
				return errors.New(text)
			}
			return err
		}
	}
	for _, text := range []string{"", "cleanup failed"} {
		t := task(ctx, func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context, outer *asyncio.TaskGroup) error {
				outer.Go(ctx, child(""))
				return asyncio.WithTaskGroup(ctx, func(ctx context.Context, inner *asyncio.TaskGroup) error {
					inner.Go(ctx, child(text))
					return forever(ctx)
				})
			})
		})
		if err := yield(ctx, 3); err != nil {
			return err
		}
		t.Cancel("")
		_, err := t.Await(ctx)
		depth := 0
		for errs, ok := errorsOf(err); ok; errs, ok = errorsOf(errs[0]) {
			depth++
		}
		if depth > 0 {
			p.print("groups:", depth)
		} else if isCanceled(err) {
			p.print("canceled")
		}
	}
	return nil
}

func taskGroupCleanup(ctx context.Context, p *printer) error {
	for _, cleansUp := range []bool{false, true} {
		t := task(ctx, func(ctx context.Context) error {
			f := asyncio.NewFuture[none](ctx)
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
				tg.Go(ctx, func(ctx context.Context) error {
					if _, err := f.Await(ctx); err != nil {
						return err
					}
					return errors.New("the child's")
				})
				if !cleansUp {
					_ = f.SetResult(none{})
					_ = forever(ctx)
					return errors.New("the body's")
				}
				err := forever(ctx)
				p.print("cleaning up")
				_ = f.SetResult(none{})
				if err := yield(ctx, 5); err != nil {
					return err
				}
				p.print("cleaned up")
				return err
			})
		})
		if err := yield(ctx, 2); err != nil {
			return err
		}
		if cleansUp {
			t.Cancel("")
		}
		_, err := t.Await(ctx)
		if _, ok := errorsOf(err); ok {
			p.print(texts(err), t.Cancelling())
		}
	}
	return nil
}

func taskGroupHydra(ctx context.Context, p *printer) error {
	heads := 0
	var hydra func(tg *asyncio.TaskGroup) func(context.Context) error
	hydra = func(tg *asyncio.TaskGroup) func(context.Context) error {
		return func(ctx context.Context) error {
			heads++
			if err := yield(ctx, 1); err != nil {
				return err
			}
			tg.Go(ctx, hydra(tg))
			tg.Go(ctx, hydra(tg))
			return nil
		}
	}
	err := asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
		tg.Go(ctx, hydra(tg))
		tg.Go(ctx, func(ctx context.Context) error {
			for heads < 10 {
				if err := yield(ctx, 1); err != nil {
					return err
				}
			}
			return errors.New("enough")
		})
		return nil
	})
	p.print(texts(err), heads >= 10, len(asyncio.AllTasks(ctx)))
	return nil
}

func taskGroupRefused(ctx context.Context, p *printer) error {
	attempt := func(ctx context.Context, tg *asyncio.TaskGroup, when string) {
		if refused(func() error {
			tg.Go(ctx, func(context.Context) error { return nil })
			return nil
		}) {
			p.print("refused", when)
		}
	}
	p.print("refused before it was entered") // by its form: a body is given the group
	var group *asyncio.TaskGroup
	err := asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
		group = tg
		return errors.New("failed")
	})
	p.print(texts(err))
	attempt(ctx, group, "after its end")
	return nil
}

func taskGroupTimeout(ctx context.Context, p *printer) error {
	child := func(ctx context.Context) error {
		defer p.print("child ends")
		return forever(ctx)
	}
	var d *asyncio.Deadline
	err := asyncio.WithTimeout(ctx, 10*ms, func(ctx context.Context, dd *asyncio.Deadline) error {
		d = dd
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
			tg.Go(ctx, child)
			tg.Go(ctx, child)
			return nil
		})
	})
	if _, ok := errorsOf(err); !ok && isTimeout(err) {
		p.print("timeout", d.Expired(), me(ctx).Cancelling())
	}
	err = asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
		tg.Go(ctx, child)
		tg.Go(ctx, func(ctx context.Context) error {
			return asyncio.WithTimeout(ctx, 10*time.Millisecond, func(ctx context.Context, _ *asyncio.Deadline) error {
				return forever(ctx)
			})
		})
		return nil
	})
	if errs, ok := errorsOf(err); ok {
		p.print("group of", len(errs), "timeout:", isTimeout(errs[0]))
	}
	return nil
}
