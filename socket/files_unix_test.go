//go:build unix

package socket_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
)

func TestUnixStreamPassesFiles(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := unixPair(t, ctx)
		r, w, err := os.Pipe()
		testkit.Must(t, err)
		testkit.Must(t, a.SendFiles(ctx, []byte("two files"), r, w))
		testkit.Must(t, errors.Join(r.Close(), w.Close()))
		buf := make([]byte, 100)
		n, files, err := b.ReceiveFiles(ctx, buf, 2)
		testkit.Must(t, err)
		if string(buf[:n]) != "two files" || len(files) != 2 {
			t.Fatalf("received %q and %d files", buf[:n], len(files))
		}
		_, err = files[1].WriteString("through the pipe")
		testkit.Must(t, err)
		testkit.Must(t, files[1].Close())
		n, err = files[0].Read(buf)
		testkit.Must(t, err)
		if string(buf[:n]) != "through the pipe" {
			t.Errorf("read %q", buf[:n])
		}
		testkit.Must(t, files[0].Close())
		testkit.Must(t, a.Close(ctx))
		_, _, err = b.ReceiveFDs(ctx, buf, make([]uintptr, 1))
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
	}, anyiotest.Skip("sim", "simulated processes have no descriptors"))
}

func TestReceiveFilesTellsThatThereWasNoRoomForAll(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, c := range []struct{ sent, room int }{{2, 1}, {3, 1}, {4, 1}, {3, 2}, {4, 2}, {4, 3}} {
			a, b := unixPair(t, ctx)
			r, w, err := os.Pipe()
			testkit.Must(t, err)
			all := []any{r, w, r, w}
			testkit.Must(t, a.SendFiles(ctx, []byte("files"), all[:c.sent]...))
			buf := make([]byte, 100)
			n, files, err := b.ReceiveFiles(ctx, buf, c.room)
			testkit.WantErr(t, err, socket.ErrDescriptorsCut)
			if string(buf[:n]) != "files" || len(files) != c.room {
				t.Errorf("of %d files came %d, with %q, into room for %d", c.sent, len(files), buf[:n], c.room)
			}
			for _, f := range files {
				testkit.Must(t, f.Close())
			}
			testkit.Must(t, a.Send(ctx, []byte("more")))
			n, err = b.Receive(ctx, buf)
			testkit.Must(t, err)
			if string(buf[:n]) != "more" {
				t.Errorf("received %q afterwards", buf[:n])
			}
			testkit.Must(t, errors.Join(r.Close(), w.Close(), a.Close(ctx), b.Close(ctx)))
		}
	}, anyiotest.Skip("sim", "simulated processes have no descriptors"))
}

// The end of a stream, and its failure, are what they are for Receive and Send, also where
// descriptors might come, and were canceled before.
func TestEndOfAStreamOfFiles(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := unixPair(t, ctx)
		buf := make([]byte, 10)
		canceled(t, ctx, "ReceiveFiles", func(ctx context.Context) error { _, _, err := b.ReceiveFiles(ctx, buf, 1); return err })
		null, err := os.Open(os.DevNull)
		testkit.Must(t, err)
		testkit.Must(t, a.SendFiles(ctx, []byte("last"), null))
		testkit.Must(t, a.SendEOF(ctx))
		n, files, err := b.ReceiveFiles(ctx, buf, 1)
		testkit.Must(t, err)
		if string(buf[:n]) != "last" || len(files) != 1 {
			t.Errorf("received %q and %d files", buf[:n], len(files))
		}
		for range 2 {
			if n, files, err := b.ReceiveFiles(ctx, buf, 1); n != 0 || files != nil || err != anyio.ErrEndOfStream {
				t.Errorf("at the end: %d bytes, %d files, %v", n, len(files), err)
			}
		}
		testkit.Must(t, a.Close(ctx)) // with nothing unread: no reset
		for _, f := range append(files, null) {
			testkit.WantErr(t, b.SendFiles(ctx, []byte("x"), null), anyio.ErrBroken)
			testkit.Must(t, f.Close())
		}
		testkit.Must(t, b.Close(ctx))
		_, _, err = b.ReceiveFiles(ctx, buf, 1)
		testkit.WantErr(t, err, anyio.ErrClosed)

		if runtime.GOOS != "linux" { // elsewhere what was not read is forgotten
			return
		}
		a, b = unixPair(t, ctx)
		testkit.Must(t, b.Send(ctx, []byte("unread")))
		testkit.Must(t, a.Close(ctx))
		_, _, err = b.ReceiveFiles(ctx, buf, 1)
		testkit.WantErr(t, err, anyio.ErrBroken)
		testkit.Must(t, b.Close(ctx))
	}, anyiotest.Skip("sim", "simulated processes have no descriptors"))
}
