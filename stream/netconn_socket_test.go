package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"golang.org/x/net/nettest"
)

// connections are made for package nettest: a listener, and a stream that is connected
// to it.
var connections = map[string]func(ctx context.Context, dir string) (net.Listener, stream.ByteStream, error){
	"tcp": func(ctx context.Context, _ string) (net.Listener, stream.ByteStream, error) {
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		if err != nil {
			return nil, nil, err
		}
		s, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
		return stream.NetListener(ctx, l), s, err
	},
	"unix": func(ctx context.Context, dir string) (net.Listener, stream.ByteStream, error) {
		path := filepath.Join(dir, "socket")
		l, err := socket.ListenUnix(ctx, path)
		if err != nil {
			return nil, nil, err
		}
		s, err := socket.DialUnix(ctx, path)
		return stream.NetListener(ctx, l), s, err
	},
}

// The simulator has no part in these tests: they use goroutines and real time.
func TestNetConnOverSocketsKeepsThePromisesOfPackageNet(t *testing.T) {
	dir, err := os.MkdirTemp("", "s") // paths of sockets are short
	testkit.WantErr(t, err, nil)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		for network, connect := range connections {
			t.Run(on.Name()+"/"+network, func(t *testing.T) {
				if network == "unix" {
					testkit.NeedUnix(t)
				}
				outside(t, on, func(ctx context.Context, _ func(func(context.Context) error)) {
					nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
						l, a, err := connect(ctx, dir)
						if err != nil {
							return nil, nil, nil, err
						}
						y, err := l.Accept()
						if err := errors.Join(err, l.Close()); err != nil {
							return nil, nil, nil, err
						}
						x := stream.NetConn(ctx, a)
						if got := x.RemoteAddr().Network(); got != network {
							t.Errorf("the network is %q", got)
						}
						return x, y, func() {
							if err := errors.Join(x.Close(), y.Close()); err != nil {
								t.Error(err)
							}
						}, nil
					})
				})
			})
		}
	}
}

func TestHTTPOverSocketsOfOurs(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skip("this backend has no sockets on ", runtime.GOOS)
		} else if err != nil {
			t.Fatal(err)
		}
		nl := stream.NetListener(ctx, l)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s asks for %s", r.RemoteAddr, r.URL.Path)
		})}
		served := make(chan error, 1)
		go func() { served <- server.Serve(nl) }()
		transport := &http.Transport{DialContext: stream.DialContext(ctx, func(ctx context.Context, network, address string) (*socket.Stream, error) {
			return socket.Dial(ctx, network, address)
		})}
		// net/http waits by its own means, so its calls are blocking ones for a loop.
		_, err = anyio.RunBlockingValue(ctx, func() (struct{}, error) {
			defer transport.CloseIdleConnections()
			for _, client := range []*http.Client{{Transport: transport}, {Transport: &http.Transport{}}} {
				resp, err := client.Get("http://" + nl.Addr().String() + "/page")
				if err != nil {
					return struct{}{}, err
				}
				body, err := io.ReadAll(resp.Body)
				var who, what string
				if _, e := fmt.Sscanf(string(body), "%s asks for %s", &who, &what); err != nil || e != nil || what != "/page" {
					t.Errorf("got %q, %v", body, err)
				}
				if _, err := net.ResolveTCPAddr("tcp", who); err != nil {
					t.Errorf("the server does not know who asks: %v", err)
				}
				resp.Body.Close()
				client.CloseIdleConnections()
			}
			err := server.Shutdown(context.Background())
			testkit.WantErr(t, <-served, http.ErrServerClosed)
			return struct{}{}, err
		})
		testkit.WantErr(t, err, nil)
	}, anyiotest.Skip("sim", "net/http starts goroutines, which a simulation cannot wait for"))
}
