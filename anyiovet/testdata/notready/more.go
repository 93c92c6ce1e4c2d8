package notready

import (
	"context"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/socket"
)

// more is what the rule tells from its like.
func more(ctx context.Context, tg *anyio.TaskGroup, ready *anyio.Event, done chan bool) {
	var l *socket.TCPListener
	listen := func(ctx context.Context) error { return nil }
	tg.Go(func(ctx context.Context) (err error) {
		l, err = socket.ListenTCP(ctx, "localhost", 0)
		return err
	})
	_ = l == nil
	tg.Go(listen)
	if err := ready.Wait(ctx); err == nil && l.Port() > 0 {
		return
	}
	tg.Go(func(ctx context.Context) (err error) {
		l, err = socket.ListenTCP(ctx, "localhost", 0)
		return err
	})
	<-done
	_ = l.Port()
}
