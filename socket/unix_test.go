package socket_test

import (
	"context"
	"io/fs"
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
)

func TestUnixListenerReplacesSocketsOnly(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		path := unixPath(t)
		_, err := socket.DialUnix(ctx, path)
		testkit.WantErr(t, err, fs.ErrNotExist)
		l, err := socket.ListenConfig{Mode: 0o600}.ListenUnix(ctx, path)
		testkit.Must(t, err)
		testkit.Must(t, l.Close(ctx))
		_, err = socket.DialUnix(ctx, path) // the file was left behind
		testkit.WantErr(t, err, syscall.ECONNREFUSED)
		l, err = socket.ListenUnix(ctx, path)
		testkit.Must(t, err)
		if l.Addr().String() != path {
			t.Errorf("the address is %v", l.Addr())
		}
		testkit.Must(t, l.Close(ctx))
	})
}

func TestUnixListenerKeepsOtherFilesAndSetsTheMode(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		path := unixPath(t)
		l, err := socket.ListenConfig{Mode: 0o640}.ListenUnix(ctx, path)
		testkit.Must(t, err)
		info, err := os.Stat(path)
		testkit.Must(t, err)
		if info.Mode().Perm() != 0o640 && runtime.GOOS != "windows" {
			t.Errorf("the mode is %v", info.Mode())
		}
		testkit.Must(t, l.Close(ctx))
		file := unixPath(t)
		testkit.Must(t, os.WriteFile(file, []byte("mine"), 0o600))
		_, err = socket.ListenUnix(ctx, file)
		testkit.WantErr(t, err, syscall.EADDRINUSE)
		if data, err := os.ReadFile(file); err != nil || string(data) != "mine" {
			t.Errorf("the file holds %q, %v", data, err)
		}
	}, anyiotest.Skip("sim", "files of simulated sockets are seen by nobody else"))
}

func TestUnixAbstractPaths(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has an abstract name space")
	}
	for _, path := range []string{"@anyio-go-test", "\x00anyio-go-test-nul"} {
		anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
			l, err := socket.ListenUnix(ctx, path)
			testkit.Must(t, err)
			defer l.Close(ctx)
			c, err := socket.DialUnix(ctx, path)
			testkit.Must(t, err)
			defer c.Close(ctx)
			if got := c.RemoteAddr().String(); got != "@"+path[1:] {
				t.Errorf("the address is %q", got)
			}
			_, err = socket.ListenConfig{Mode: 0o600}.ListenUnix(ctx, path)
			testkit.WantMisuseText(t, err, "no file")
		})
	}
}

func TestUnixStreamRefusesEmptyMessagesAndLists(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, _ := unixPair(t, ctx)
		testkit.WantMisuseText(t, a.SendFDs(ctx, nil, 0), "the message must not be empty")
		testkit.WantMisuseText(t, a.SendFDs(ctx, []byte("x")), "at least one descriptor")
		testkit.WantMisuseText(t, a.SendFiles(ctx, []byte("x"), "a string"), "got string")
		_, _, err := a.ReceiveFDs(ctx, make([]byte, 1), nil)
		testkit.WantMisuseText(t, err, "room for at least one descriptor")
		_, _, err = a.ReceiveFDs(ctx, nil, make([]uintptr, 1))
		testkit.WantMisuseText(t, err, "room for at least one byte")
		_, _, err = a.ReceiveFiles(ctx, make([]byte, 1), 0)
		testkit.WantMisuseText(t, err, "the limit must be positive")
	})
}
