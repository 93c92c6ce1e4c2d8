package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"golang.org/x/net/nettest"
)

// The simulator has no part in these tests: they use goroutines and real time.
func TestNetConnOverTCPKeepsThePromisesOfPackageNet(t *testing.T) {
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(on.Name(), func(t *testing.T) {
			if on.Name() == "eventloop" && runtime.GOOS == "windows" {
				t.Skip("the event loop has no sockets on Windows")
			}
			outside(t, on, func(ctx context.Context, _ func(func(context.Context) error)) {
				nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
					l, err := socket.ListenTCP(ctx, socket.LocalHost("127.0.0.1"))
					if err != nil {
						return nil, nil, nil, err
					}
					nl := stream.NetListener(ctx, l)
					host, port, _ := net.SplitHostPort(nl.Addr().String())
					number, _ := strconv.Atoi(port)
					a, err1 := socket.DialTCP(ctx, host, number)
					y, err2 := nl.Accept()
					if err := errors.Join(err1, err2, nl.Close()); err != nil {
						return nil, nil, nil, err
					}
					x := stream.NetConn(ctx, a)
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

func TestHTTPOverSocketsOfOurs(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, err := socket.ListenTCP(ctx, socket.LocalHost("127.0.0.1"))
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
		_, err = anyio.RunBlocking(ctx, func() (struct{}, error) {
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
			wantErr(t, <-served, http.ErrServerClosed)
			return struct{}{}, err
		})
		wantErr(t, err, nil)
	}, anyiotest.Skip("sim", "net/http starts goroutines, which a simulation cannot wait for"))
}
