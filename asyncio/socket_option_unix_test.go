//go:build unix

package asyncio_test

import (
	"context"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

// option is an option of the socket of a transport, 0 if it has none of that name.
func option(t *testing.T, tr interface{ ExtraInfo(string) any }, level, name int) (v int) {
	t.Helper()
	raw := must[syscall.RawConn](t)(tr.ExtraInfo("socket").(*asyncio.TransportSocket).SyscallConn())
	if err := raw.Control(func(fd uintptr) { v, _ = syscall.GetsockoptInt(int(fd), level, name) }); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestNoDelayIsSetForTCPOnly(t *testing.T) {
	path := socketPath(t)
	onEventLoop(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		accepted := newLogger(t, ctx)
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, accepted.factory, onLoopback))
		defer s.Close()
		tr, _, err := l.CreateConnection(ctx, newEcho, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)})
		testkit.Must(t, err)
		defer tr.Abort()
		until(t, ctx, func() bool { return accepted.tr != nil })
		if option(t, tr, syscall.IPPROTO_TCP, syscall.TCP_NODELAY) == 0 || option(t, accepted.tr, syscall.IPPROTO_TCP, syscall.TCP_NODELAY) == 0 {
			t.Error("TCP_NODELAY is not set")
		}
		u := must[*asyncio.Server](t)(l.CreateUnixServer(ctx, newEcho, asyncio.UnixServerOptions{Path: path}))
		defer u.Close()
		local, _, err := l.CreateUnixConnection(ctx, newEcho, asyncio.UnixConnectionOptions{Path: path})
		testkit.Must(t, err)
		defer local.Abort()
		gram, _, err := l.CreateDatagramEndpoint(ctx, newDatagrams, asyncio.DatagramOptions{LocalHost: "127.0.0.1"})
		testkit.Must(t, err)
		defer gram.Abort()
		if option(t, local, syscall.IPPROTO_TCP, syscall.TCP_NODELAY) != 0 || option(t, gram, syscall.IPPROTO_TCP, syscall.TCP_NODELAY) != 0 {
			t.Error("TCP_NODELAY of what is not TCP")
		}
		if option(t, gram, syscall.SOL_SOCKET, syscall.SO_BROADCAST) == 0 {
			t.Error("SO_BROADCAST is not set")
		}
	})
}

// A feeding is a protocol whose reader gets what comes.
type feeding struct {
	asyncio.ProtocolDefaults
	r *asyncio.StreamReader
}

func (p feeding) DataReceived(data []byte) { _ = p.r.FeedData(data) }
func (p feeding) EOFReceived() bool        { p.r.FeedEOF(); return false }

func TestStreamReaderOnAPipe(t *testing.T) {
	onEventLoop(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		r, w := osPipe(t)
		reader := asyncio.NewStreamReader(l, 0)
		_, _, err := l.ConnectReadPipe(ctx, func() asyncio.BaseProtocol { return feeding{r: reader} }, r)
		testkit.Must(t, err)
		_, err = w.Write([]byte("1"))
		testkit.Must(t, err)
		got, err := reader.ReadExactly(ctx, 1)
		wantData(t, "first", got, err, "1")
		_, err = w.Write([]byte("2345"))
		testkit.Must(t, err)
		testkit.Must(t, w.Close())
		got, err = reader.ReadAll(ctx)
		wantData(t, "rest", got, err, "2345")
	})
}

func TestChildFailsToWriteToAnOutputThatIsClosed(t *testing.T) {
	onEventLoop(t, func(t *testing.T, ctx context.Context) {
		p := &told{r: &record{}, lost: asyncio.NewFuture[error](ctx)}
		tr, _, err := loopOf(t, ctx).Subprocess(ctx, func() asyncio.SubprocessProtocol { return p }, process.Command{Args: []string{"cat"}})
		testkit.Must(t, err)
		tr.PipeTransport(1).Close()
		until(t, ctx, func() bool { return len(p.r.all) == 2 })
		_, _ = tr.PipeTransport(0).Write([]byte("x"))
		_, err = p.lost.Await(ctx)
		testkit.WantNil(t, "Await", err)
		if code, ok := tr.ReturnCode(); code == 0 || !ok { // by SIGPIPE, or with an error if that is ignored
			t.Errorf("%d %v", code, ok)
		}
	})
}

func TestCloseOfAProcessThatHasEnded(t *testing.T) {
	onEventLoop(t, func(t *testing.T, ctx context.Context) {
		p := &told{r: &record{}, lost: asyncio.NewFuture[error](ctx)}
		tr, _, err := loopOf(t, ctx).Subprocess(ctx, func() asyncio.SubprocessProtocol { return p },
			process.Command{Args: []string{"true"}, Stdin: process.Null, Stdout: process.Null, Stderr: process.Null})
		testkit.Must(t, err)
		for fd := range 3 {
			if tr.PipeTransport(fd) != nil {
				t.Errorf("a pipe for %d", fd)
			}
		}
		_, err = p.lost.Await(ctx)
		testkit.WantNil(t, "Await", err)
		tr.Close()
		tr.Close()
		if code, ok := tr.ReturnCode(); code != 0 || !ok {
			t.Errorf("%d %v", code, ok)
		}
		p.r.want(t, "made exited lost")
	})
}
