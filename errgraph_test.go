package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// A link is a wrapper of a user, who changes what is in it.
type link struct{ err error }

func (l *link) Error() string { return "link: " + l.err.Error() }
func (l *link) Unwrap() error { return l.err }

// A blindLink shows what is in it in its text only.
type blindLink struct{ err error }

func (l *blindLink) Error() string { return "blind: " + l.err.Error() }

// A fork has several, and no identity of its own.
type fork []error

func (f fork) Error() string   { return fmt.Sprint("fork: ", f[0]) }
func (f fork) Unwrap() []error { return f }

// groupOf is the error of a group whose body returns err.
func groupOf(err error) error {
	return anyio.WithTaskGroup(context.Background(), func(context.Context, *anyio.TaskGroup) error { return err })
}

// errorsThatHold make each error of ours that holds another one.
func errorsThatHold() map[string]func(inner error) error {
	canceledBy := func(err error) (ce error) {
		_ = anyio.WithCancelScope(context.Background(), func(ctx context.Context, s *anyio.CancelScope) error {
			s.CancelCause(err)
			ce = anyio.Sleep(ctx, 0)
			return nil
		})
		return ce
	}
	return map[string]func(inner error) error{
		"GroupError":        groupOf,
		"PanicError.Value":  func(err error) error { return &anyio.PanicError{Value: err} },
		"PanicError.Group":  func(err error) error { return &anyio.PanicError{Value: "v", Group: err} },
		"TaskError":         func(err error) error { return &anyio.TaskError{Err: err} },
		"task was canceled": func(err error) error { return &anyio.TaskError{Err: err, Canceled: true} },
		"FutureError":       func(err error) error { return &anyio.FutureError{Err: err} },
		"BrokenError":       func(err error) error { return &anyio.BrokenError{Cause: err} },
		"ConnectError":      func(err error) error { return &stream.ConnectError{Cause: err} },
		"TimeoutError":      func(err error) error { return &anyio.TimeoutError{Err: err} },
		"CanceledError":     canceledBy,
		"AttemptsError":     func(err error) error { return &socket.AttemptsError{Attempts: []socket.Attempt{{Err: err}}} },
		"HandshakeError":    func(err error) error { return &tlsstream.HandshakeError{Cause: err} },
		"BrokenWorkerError": func(err error) error { return &process.BrokenWorkerError{Cause: err} },
		"RemoteError":       func(err error) error { return &process.RemoteError{Err: err} },
	}
}

// Walks over an error that has come to contain itself end, whatever the way round is.
func TestErrorsThatUsersMakeCyclicEnd(t *testing.T) {
	holders := errorsThatHold()
	check := func(t *testing.T, err error) {
		t.Helper()
		if err.Error() == "" && !errors.As(err, new(*process.RemoteError)) {
			t.Error("no text")
		}
		if fmt.Sprintf("%+v", err) == "" && !errors.As(err, new(*process.RemoteError)) {
			t.Error("no text in full")
		}
		if errors.Is(err, io.ErrNoProgress) || errors.As(err, new(*signals.Error)) {
			t.Error("matches what is not there")
		}
		if anyio.IsCancellation(fork{err}) && !errors.Is(err, anyio.ErrCanceled) {
			t.Error("a cancellation")
		}
		for _, run := range []func(error) error{groupOf, func(err error) error {
			return anyio.WithCancelScope(context.Background(), func(ctx context.Context, s *anyio.CancelScope) error {
				s.Cancel("")
				return err
			})
		}} {
			if out := run(err); out != nil && errors.Is(out, io.ErrNoProgress) {
				t.Error("out of a group or scope: matches what is not there")
			}
		}
	}
	for name, hold := range holders {
		t.Run(name, func(t *testing.T) {
			through := &link{io.EOF}
			through.err = hold(through)
			check(t, hold(through))
			check(t, hold(hold(through)))

			beside := &link{io.EOF} // the cycle is further in, and the users' own
			beside.err = &link{beside}
			check(t, hold(beside))

			blind := &blindLink{io.EOF}
			blind.err = hold(blind)
			check(t, blind.err)

			f := fork{io.EOF, io.EOF}
			f[0], f[1] = hold(f), f
			check(t, f[0])

			for other, holdToo := range holders { // through two of ours
				t.Run(other, func(t *testing.T) {
					l := &link{io.EOF}
					l.err = hold(fmt.Errorf("between: %w", holdToo(l)))
					check(t, l.err)
				})
			}
		})
	}
}

// doubling are errors that hold another one twice.
func doubling() map[string]func(err error) error {
	return map[string]func(err error) error{
		"errors.Join": func(err error) error { return errors.Join(err, err) },
		"GroupError": func(err error) error {
			return anyio.WithTaskGroup(context.Background(), func(ctx context.Context, tg *anyio.TaskGroup) error {
				_ = tg.Go(fails(err)).Wait(context.WithoutCancel(ctx))
				return err
			})
		},
		"BrokenError": func(err error) error { return &anyio.BrokenError{Cause: errors.Join(err, err)} },
		"PanicError":  func(err error) error { return &anyio.PanicError{Value: err, Group: err} },
		"AttemptsError": func(err error) error {
			return &socket.AttemptsError{Attempts: []socket.Attempt{{Err: err}, {Err: err}}}
		},
	}
}

// Errors that share others have more paths than anybody could follow: the walks end, too.
func TestErrorsThatShareOthersEnd(t *testing.T) {
	holders := doubling()
	for name, hold := range holders {
		t.Run(name, func(t *testing.T) {
			err := io.ErrNoProgress
			for range 40 {
				err = hold(err)
			}
			for outer, hold := range holders {
				if outer == "errors.Join" {
					continue // walked over by package errors alone
				}
				err := hold(&link{err})
				for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err)} {
					if text == "" || len(text) > 1<<20 {
						t.Errorf("%d bytes of text", len(text))
					}
				}
				if errors.Is(err, io.EOF) || anyio.IsCancellation(err) {
					t.Error("matches what is not there")
				}
				if _, err := anyio.MoveOnAfter(context.Background(), 0, fails(err)); err == nil {
					t.Error("lost")
				}
			}
		})
	}
}

// However often what is in an error is shared, its text is one that can be read.
func TestTextsOfErrorsThatShareOthersAreShort(t *testing.T) {
	for name, hold := range doubling() {
		if name == "errors.Join" {
			continue // its text is its own
		}
		t.Run(name, func(t *testing.T) {
			for deep := 2; deep < 40; deep += 4 {
				err := io.ErrNoProgress
				for range deep {
					err = hold(err)
				}
				for _, format := range []string{"%v", "%+v"} {
					text := fmt.Sprintf(format, err)
					if len(text) > 1<<19 {
						t.Errorf("%s of %d levels: %d bytes", format, deep, len(text))
					}
					if deep < 9 && !strings.Contains(text, io.ErrNoProgress.Error()) {
						t.Errorf("%s of %d levels does not tell what it is about: %s", format, deep, text)
					}
				}
			}
		})
	}
}

// Groups of many tasks that fail for the same reason are told whole.
func TestWideGroupsAreToldWhole(t *testing.T) {
	err := anyio.WithTaskGroup(context.Background(), func(ctx context.Context, outer *anyio.TaskGroup) error {
		return anyio.WithTaskGroup(ctx, func(_ context.Context, tg *anyio.TaskGroup) error {
			for range 5000 {
				tg.Go(fails(testkit.ErrBoom))
			}
			return testkit.ErrBoom
		})
	})
	if text := fmt.Sprintf("%+v", err); strings.Count(text, testkit.ErrBoom.Error()) != 5001 {
		t.Errorf("%d bytes of text with %d errors", len(text), strings.Count(text, testkit.ErrBoom.Error()))
	}
}

// Errors that are deep, or share a few others, keep what they match.
func TestErrorsThatAreDeepAreFound(t *testing.T) {
	var err error = testkit.ErrBoom
	for range 500 {
		err = fmt.Errorf("again: %w", &anyio.BrokenError{Cause: err})
	}
	for range 3 {
		err = errors.Join(err, err)
	}
	if err := anyio.WithTaskGroup(context.Background(), func(context.Context, *anyio.TaskGroup) error { return err }); !errors.Is(err, testkit.ErrBoom) {
		t.Error("too deep")
	}
}

// An error of very many is no error that shares others.
func TestErrorsOfVeryManyAreFound(t *testing.T) {
	many := make([]error, 1<<20, 1<<20+1)
	for i := range many {
		many[i] = io.EOF
	}
	if err := groupOf(errors.Join(append(many, testkit.ErrBoom)...)); !errors.Is(err, testkit.ErrBoom) {
		t.Error("too wide")
	}
}

// What is beside a cycle is still found.
func TestErrorsBesideACycleAreFound(t *testing.T) {
	round := &link{io.EOF}
	err := anyio.WithTaskGroup(context.Background(), func(_ context.Context, tg *anyio.TaskGroup) error {
		tg.Go(fails(testkit.ErrBoom), anyio.Name("bomb"))
		return round
	})
	round.err = err
	if !errors.Is(err, testkit.ErrBoom) {
		t.Errorf("the other error is lost: %v", err)
	}
}

// countPanics returns how many panics are in err, and whether one is there twice.
func countPanics(err error) (n int, twice bool) {
	seen := []*anyio.PanicError{}
	var walk func(err error)
	walk = func(err error) {
		if n > 1000 {
			return
		}
		if p, ok := err.(*anyio.PanicError); ok {
			n++
			for _, s := range seen {
				twice = twice || s.Task == p.Task
			}
			seen = append(seen, p)
		}
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			if inner := e.Unwrap(); inner != nil {
				walk(inner)
			}
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				walk(inner)
			}
		}
	}
	walk(err)
	return n, twice
}

func TestNoErrorTellsOfAPanicTwice(t *testing.T) {
	bomb := anyio.Name("bomb")
	cases := map[string]func(ctx context.Context, tg *anyio.TaskGroup) error{
		"Start": func(ctx context.Context, tg *anyio.TaskGroup) error {
			//anyiovet:ignore started it is canceled before
			_, err := anyio.Start(ctx, tg, func(ctx context.Context, _ func(int)) error { return explode(ctx) }, bomb)
			return err
		},
		"Await": func(ctx context.Context, tg *anyio.TaskGroup) error {
			return tg.Go(explode, bomb).Await(context.WithoutCancel(ctx))
		},
		"wrapped and joined": func(ctx context.Context, tg *anyio.TaskGroup) error {
			err := tg.Go(explode, bomb).Await(context.WithoutCancel(ctx))
			return errors.Join(fmt.Errorf("the service: %w", err), testkit.ErrBoom, err)
		},
		"Err": func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(explode, bomb)
			_ = anyio.SleepForever(ctx)
			_ = h.Wait(context.WithoutCancel(ctx))
			return h.Err()
		},
		"siblings": func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(explode, bomb)
			for range 3 {
				tg.Go(func(ctx context.Context) error { _ = h.Wait(context.WithoutCancel(ctx)); return h.Err() })
			}
			return nil
		},
		"cause": func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(explode, bomb)
			_ = anyio.SleepForever(ctx)
			return fmt.Errorf("stopped: %w", errors.Join(context.Cause(ctx), testkit.ErrBoom))
		},
		"a panic because of it": func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(explode, bomb)
			tg.Go(func(ctx context.Context) error {
				_ = h.Wait(context.WithoutCancel(ctx))
				panic(fmt.Errorf("cannot go on: %w", h.Err()))
			}, anyio.Name("follower"))
			return nil
		},
		"a group inside": func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(fails(io.EOF))
					tg.Go(func(ctx context.Context) error { _ = anyio.SleepForever(ctx); return explode(ctx) }, bomb)
					return nil
				})
			})
			_ = h.Wait(context.WithoutCancel(ctx))
			return errors.Join(h.Err(), testkit.ErrBoom)
		},
		"portal": func(ctx context.Context, tg *anyio.TaskGroup) error {
			return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
				task, err := portal.Go(p, func(ctx context.Context) (int, error) { return 0, explode(ctx) }, bomb)
				if err == nil {
					_, err = task.Await(context.WithoutCancel(ctx))
				}
				return err
			})
		},
	}
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		for name, body := range cases {
			t.Run(name, func(t *testing.T) {
				v := testkit.Recovered(func() {
					_ = run(func(ctx context.Context) error { return anyio.WithTaskGroup(ctx, body) }, anyio.OnPanic(testkit.Quiet))
				})
				pe, ok := v.(*anyio.PanicError)
				if !ok {
					t.Fatalf("raised %T %v", v, v)
				}
				want := map[string]int{"a panic because of it": 2}
				if n, twice := countPanics(pe); n != max(1, want[name]) || twice {
					t.Errorf("%d panics, one twice: %v\n%v", n, twice, pe)
				}
				if text := pe.Error(); len(text) > 20_000 {
					t.Errorf("%d bytes of text", len(text))
				}
				for _, with := range []string{"wrapped and joined", "a group inside", "cause"} {
					if name == with && !errors.Is(pe, testkit.ErrBoom) {
						t.Errorf("the other error is lost: %v", pe.Group)
					}
				}
				if name == "a group inside" && !errors.Is(pe, io.EOF) {
					t.Errorf("the error of the inner group is lost: %v", pe.Group)
				}
			})
		}
	})
}

// A group that does not raise a panic, only hears of it, tells of it once.
func TestGroupsThatHearOfAPanicTellOfItOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		failed := &anyio.TaskError{Task: "bomb", Err: &anyio.PanicError{Value: "ouch", Task: "bomb"}}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(fails(fmt.Errorf("a: %w", failed)), anyio.Name("a"))
			tg.Go(fails(errors.Join(testkit.ErrBoom, failed)), anyio.Name("b"))
			return failed
		})
		if n, twice := countPanics(err); n != 1 || twice || !errors.Is(err, failed.Err) {
			t.Errorf("%d panics in %v", n, err)
		}
		if ge, ok := err.(*anyio.GroupError); !ok || ge.Len() != 3 || !errors.Is(err, testkit.ErrBoom) {
			t.Errorf("the other errors are lost: %+v", err)
		}
	})
}

// A panic that hides what others of its group have returned shows that, also if it has no
// end.
func TestPanicBesideAnErrorThatIsCyclicEnds(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		cyclic := &link{}
		cyclic.err = fork{cyclic, io.EOF}
		got := testkit.Recovered(func() {
			_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(context.Context) error { panic("ouch") })
				return cyclic
			})
		})
		pe, ok := got.(*anyio.PanicError)
		if !ok || pe.Value != "ouch" || pe.Group == nil {
			t.Fatalf("%v", got)
		}
		if text := pe.Error(); !strings.Contains(text, "link") {
			t.Errorf("what the body returned is lost: %s", text)
		}
	}, anyiotest.RunOptions(anyio.OnPanic(testkit.Quiet)))
}
