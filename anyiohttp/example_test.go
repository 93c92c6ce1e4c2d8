package anyiohttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiohttp"
	"github.com/anyio-go/anyio/socket"
)

// A server that ends with its scope: here after one answer, in a program rather on a
// signal, by signals.WithShutdown.
func ExampleServe() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		listener, err := socket.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		url := "http://" + listener.Addr().String()
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					fmt.Fprint(w, "hello")
				})}
				return anyiohttp.Serve(ctx, srv, listener, 10*time.Second)
			})
			defer tg.Cancel("one answer is enough")
			resp, err := http.Get(url)
			if err != nil {
				return err
			}
			body, err := io.ReadAll(resp.Body)
			fmt.Println(string(body))
			return errors.Join(err, resp.Body.Close())
		})
	})
	fmt.Println(err)
	// Output:
	// hello
	// <nil>
}
