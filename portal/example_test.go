package portal_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/portal"
)

// Handlers of net/http run on goroutines of their own. Through a portal they use
// what lives on an event loop, here a counter that needs no lock there.
func ExampleNew() {
	ctx := context.Background()
	p, err := portal.New(ctx, anyio.On(anyio.EventLoop()))
	if err != nil {
		fmt.Println(err)
		return
	}
	hits := 0 // belongs to the loop
	handler := func(w http.ResponseWriter, r *http.Request) {
		n, err := portal.Call(r.Context(), p, func(ctx context.Context) (int, error) {
			hits++
			return hits, nil
		})
		fmt.Fprintln(w, n, err)
	}
	for range 2 {
		w := httptest.NewRecorder()
		handler(w, httptest.NewRequest("GET", "/", nil))
		fmt.Print(w.Body)
	}
	fmt.Println(p.Close(ctx))
	// Output:
	// 1 <nil>
	// 2 <nil>
	// <nil>
}

func ExampleWith() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			go func() { // some thread of a C library, say
				v, err := portal.Call(context.Background(), p, func(ctx context.Context) (int, error) {
					return 6 * 7, anyio.Sleep(ctx, 1)
				})
				fmt.Println(v, err)
				p.Stop()
			}()
			return p.WaitStopped(ctx)
		})
	})
	fmt.Println(err)
	// Output:
	// 42 <nil>
	// <nil>
}

// Handlers share one event loop, which lives as long as one of them uses it.
func ExampleProvider() {
	ctx := context.Background()
	provider := portal.NewProvider(anyio.On(anyio.EventLoop()))
	double := func(n int) (m int, err error) {
		p, err := provider.Acquire(ctx)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, provider.Release(ctx)) }()
		return portal.Call(ctx, p, func(ctx context.Context) (int, error) { return 2 * n, anyio.Sleep(ctx, 1) })
	}
	fmt.Println(double(21))
	// Output: 42 <nil>
}

// A task group is opened by one method of plain Go code and closed by another.
func ExampleOpen() {
	ctx := context.Background()
	p, err := portal.New(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close(ctx)
	tg, leave, err := portal.Open(ctx, p, anyio.WithTaskGroup)
	if err != nil {
		fmt.Println(err)
		return
	}
	tg.Go(func(ctx context.Context) error { return errors.New("out of paper") }, anyio.Name("printer"))
	err = leave(ctx, nil) // waits for the tasks
	if group, ok := errors.AsType[*anyio.GroupError](err); ok {
		fmt.Println(group.At(0))
	}
	// Output: printer out of paper
}
