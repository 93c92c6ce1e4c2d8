package anyiotest

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// Fixture makes a value for a test and takes it down again at the test's end.
// ctx is the context that Run gave to the test, or one derived from it.
//
// Set-up and tear-down both run in the test's own task. So a cancel scope or a
// task group may be opened by the one and closed by the other:
//
//	srv := anyiotest.Fixture(t, ctx, func(ctx context.Context) (*Server, func(context.Context) error, error) {
//		gctx, tg := anyio.OpenTaskGroup(ctx)
//		srv := NewServer()
//		tg.Go(srv.Serve)
//		return srv, func(context.Context) error { tg.Cancel("test is over"); return tg.End(nil) }, nil
//	})
//
// Tear-downs run in the reverse order of set-up, shielded from cancellation, also
// when the test fails, panics, or calls Fatal or Skip; before the run ends, so
// before functions given to t.Cleanup. Their errors fail the test. An error of
// setUp ends the test; a tear-down that comes with the error is run. tearDown may
// be nil.
//
// Fixture ends the test with an error if it is called by another task than the
// test's own.
func Fixture[T any](t testing.TB, ctx context.Context, setUp func(ctx context.Context) (value T, tearDown func(ctx context.Context) error, err error)) T {
	t.Helper()
	fs := fixturesOf(ctx)
	if fs == nil {
		t.Fatal("anyiotest: Fixture needs the context that anyiotest.Run gives to the test")
	}
	if kernel.GoroutineID() != fs.main.GoroutineID() {
		t.Fatal("anyiotest: Fixture must be called by the test's own task, not by one that it started: its tear-down would run elsewhere")
	}
	value, tearDown, err := setUp(ctx)
	if tearDown != nil {
		fs.stack = append(fs.stack, fixture{tearDown, ctx})
	}
	if err != nil {
		t.Fatalf("set-up of a fixture: %v", err)
	}
	return value
}

// fixtures are those of one run, which is given them as its context. Only the main task
// uses them.
type fixtures struct {
	t     testing.TB
	ctx   context.Context // of the main task
	main  *kernel.Task
	stack []fixture
}

type fixture struct {
	tearDown func(ctx context.Context) error
	values   context.Context // that the set-up was given
}

type fixturesKey struct{}

// What follows is a context.Context, which is never canceled.

func (fs *fixtures) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }
func (fs *fixtures) Done() <-chan struct{}                   { return nil }
func (fs *fixtures) Err() error                              { return nil }

func (fs *fixtures) Value(key any) any {
	if key == (fixturesKey{}) {
		return fs
	}
	return nil
}

// open is called by the main task of the run.
func (fs *fixtures) open(ctx context.Context) { fs.ctx, fs.main = ctx, kernel.Locate(ctx).Task() }

func fixturesOf(ctx context.Context) (fs *fixtures) {
	fs, _ = ctx.Value(fixturesKey{}).(*fixtures)
	return fs
}

// tearDown takes all down, going on after one that fails, panics or exits.
func (fs *fixtures) tearDown() {
	last := len(fs.stack) - 1
	if last < 0 {
		return
	}
	f := fs.stack[last]
	fs.stack = fs.stack[:last]
	defer fs.tearDown()
	err := anyio.Shielded(fs.ctx, anyio.Forever, func(ctx context.Context) error {
		if f.values != fs.ctx {
			ctx = withValues{ctx, f.values}
		}
		return f.tearDown(ctx)
	})
	if err != nil {
		fs.t.Errorf("tear-down of a fixture: %v", err)
	}
}

// withValues is a context with the values of a second one.
type withValues struct {
	context.Context
	values context.Context
}

func (c withValues) Value(key any) any {
	if v := c.Context.Value(key); v != nil {
		return v
	}
	return c.values.Value(key)
}
