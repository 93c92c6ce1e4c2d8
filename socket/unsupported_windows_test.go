package socket_test

import (
	"context"
	"errors"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/socket"
)

// What there is not on Windows is an error that says so.
func TestSocketsThatWindowsDoesNotHave(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for name, open := range map[string]func(ctx context.Context) error{
			"ListenUnixgram": func(ctx context.Context) error { _, err := socket.ListenUnixgram(ctx, `C:\s`); return err },
			"without a path": func(ctx context.Context) error { _, err := socket.ListenUnixgram(ctx, ""); return err },
			"DialUnixgram":   func(ctx context.Context) error { _, err := socket.DialUnixgram(ctx, `C:\s`); return err },
			"ReusePort": func(ctx context.Context) error {
				_, err := socket.ListenConfig{ReusePort: true}.ListenTCP(ctx, "127.0.0.1", 0)
				return err
			},
		} {
			if err := open(ctx); !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%s: got %v, want what matches errors.ErrUnsupported", name, err)
			}
			canceled(t, ctx, name, open)
		}
	}, anyiotest.Skip("sim", "its network is not the system's"))
}
