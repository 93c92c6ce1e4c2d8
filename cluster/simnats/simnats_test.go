package simnats_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster/simnats"
	"github.com/anyio-go/anyio/socket"
)

// served runs f, off the run's own threads, with the address of a server.
func served(t *testing.T, f func(url string)) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		if err != nil {
			t.Fatal(err)
		}
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("the test is over")
			tg.Go(func(ctx context.Context) error { return simnats.Serve(ctx, l, nil) })
			return anyio.RunBlocking(ctx, func() error { f(fmt.Sprint("nats://", l.Addr())); return nil })
		})
		if err != nil {
			t.Error(err)
		}
	}, anyiotest.Skip("sim", "the client is a real one"))
}

// connect returns a real client that is told of errors of the server.
func connect(t *testing.T, url string, opts ...nats.Option) (*nats.Conn, chan error) {
	t.Helper()
	told := make(chan error, 10)
	nc, err := nats.Connect(url, append(opts, nats.NoReconnect(), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { told <- err }))...)
	if err != nil {
		t.Error(err)
		return nil, nil
	}
	t.Cleanup(nc.Close)
	return nc, told
}

// next waits for a message.
func next(t *testing.T, sub *nats.Subscription, want string) {
	t.Helper()
	if m, err := sub.NextMsg(time.Minute); err != nil || string(m.Data) != want {
		t.Errorf("got %v, %v; want %q", m, err, want)
	}
}

func TestSubscriptionEndsAfterSoManyMessages(t *testing.T) {
	served(t, func(url string) {
		nc, _ := connect(t, url)
		sub, err := nc.SubscribeSync("s")
		if err == nil {
			err = sub.AutoUnsubscribe(2)
		}
		for _, text := range []string{"1", "2", "3"} {
			err = errors.Join(err, nc.Publish("s", []byte(text)))
		}
		next(t, sub, "1")
		next(t, sub, "2")
		// The server knows of none any more.
		if _, asked := nc.Request("s", nil, time.Minute); err != nil || !errors.Is(asked, nats.ErrNoResponders) {
			t.Error(err, asked)
		}
	})
}

func TestClientsThatWantNothingOfTheirOwn(t *testing.T) {
	served(t, func(url string) {
		nc, _ := connect(t, url, nats.NoEcho())
		other, _ := connect(t, url)
		sub, err := nc.SubscribeSync("s")
		err = errors.Join(err, nc.Publish("s", []byte("own")), nc.Flush(), other.Publish("s", []byte("other's")))
		if err != nil {
			t.Error(err)
		}
		next(t, sub, "other's")
	})
}

// Who sends what may not be is told, and cut off; the others are not.
func TestClientsThatMisbehave(t *testing.T) {
	served(t, func(url string) {
		good, _ := connect(t, url)
		sub, err := good.SubscribeSync("s")
		if err != nil {
			t.Error(err)
		}
		for _, bad := range []string{"a..b", "a.*", "a.>"} {
			nc, _ := connect(t, url, nats.SkipSubjectValidation())
			closed := make(chan struct{})
			nc.SetClosedHandler(func(*nats.Conn) { close(closed) })
			_ = nc.Publish(bad, nil)
			_ = nc.Flush()
			<-closed
		}
		if err := good.Publish("s", []byte("x")); err != nil {
			t.Error(err)
		}
		next(t, sub, "x")
	})
}
