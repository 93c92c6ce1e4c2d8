package inside_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// This is a program without package socket, which fills what it has to do with sockets.
func TestCopyWithoutSockets(t *testing.T) {
	const size = 1 << 20
	name := filepath.Join(t.TempDir(), "file")
	testkit.Must(t, os.WriteFile(name, make([]byte, size), 0o600))
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		err := anyio.Run(t.Context(), func(ctx context.Context) error {
			f, err := os.Open(name)
			if err != nil {
				return err
			}
			src := stream.NewFileReadStream(f)
			defer src.Close(ctx)
			a, b := stream.Pipe(size)
			c, d := stream.Pipe(size)
			if n, err := stream.Copy(ctx, a, src); n != size || err != nil {
				t.Errorf("from a file: %d, %v", n, err)
			}
			testkit.WantErr(t, a.SendEOF(ctx), nil)
			if n, err := stream.Copy(ctx, c, b); n != size || err != nil {
				t.Errorf("in bulk: %d, %v", n, err)
			}
			return anyio.CloseForcefully(ctx, d)
		}, anyio.On(on))
		testkit.WantErr(t, err, nil)
	}
}
