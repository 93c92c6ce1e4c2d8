//go:build unix

package stream_test

import (
	"context"
	"os"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

func TestFileStreamWithoutNameHasNoPath(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		file, err := os.Open(fileWith(t, []byte("content")))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		fd, err := syscall.Dup(int(file.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		s := stream.NewFileReadStream(os.NewFile(uintptr(fd), ""))
		_, err = attr.Get(s, stream.AttrFilePath)
		testkit.WantErr(t, err, attr.ErrNotFound)
		if got, err := attr.Get(s, stream.AttrFileDescriptor); got != uintptr(fd) || err != nil {
			t.Errorf("descriptor %d, %v, want %d", got, err, fd)
		}
		wantReceived(t, ctx, s, 10, "content")
		testkit.WantErr(t, s.Close(ctx), nil)
	})
}
