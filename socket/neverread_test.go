package socket_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
)

// A peer that never reads holds up who sends, and nothing is buffered on our side
// beyond what the system takes.
func TestPeerThatNeverReadsCostsNoMemory(t *testing.T) {
	const most = 256 << 10
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		defer l.Close(ctx)
		a, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
		testkit.Must(t, err)
		defer a.Close(ctx)
		b, err := l.Accept(ctx)
		testkit.Must(t, err)
		defer b.Close(ctx)
		data := make([]byte, 16<<20)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			sender := tg.Go(func(ctx context.Context) error { return a.Send(ctx, data) })
			testkit.Must(t, anyio.WaitAllTasksBlocked(ctx))
			runtime.GC()
			runtime.ReadMemStats(&after)
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > most {
				t.Errorf("%d bytes are held for a peer that does not read", grown)
			}
			sender.Cancel("it does not read")
			return sender.Wait(ctx)
		})
		testkit.Must(t, err)
		runtime.KeepAlive(data)
	}, anyiotest.Skip("sim", "there the system's buffers are ours"))
}
