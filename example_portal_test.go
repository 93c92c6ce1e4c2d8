package anyio_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/anyio-go/anyio"
)

// Handlers of net/http run on goroutines of their own. Through a portal they use
// what lives on an event loop, here a counter that needs no lock there.
func ExampleStartPortal() {
	ctx := context.Background()
	p, err := anyio.StartPortal(ctx, anyio.On(anyio.EventLoop()))
	if err != nil {
		fmt.Println(err)
		return
	}
	hits := 0 // belongs to the loop
	handler := func(w http.ResponseWriter, r *http.Request) {
		n, err := anyio.PortalCall(r.Context(), p, func(ctx context.Context) (int, error) {
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

func ExampleWithPortal() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithPortal(ctx, func(ctx context.Context, p *anyio.Portal) error {
			go func() { // some thread of a C library, say
				v, err := anyio.PortalCall(context.Background(), p, func(ctx context.Context) (int, error) {
					return 6 * 7, anyio.Sleep(ctx, 1)
				})
				fmt.Println(v, err)
				p.Stop(false)
			}()
			return p.WaitStopped(ctx)
		})
	})
	fmt.Println(err)
	// Output:
	// 42 <nil>
	// <nil>
}
