package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiohttp"
	"github.com/anyio-go/anyio/socket"
)

// --- H1: HTTP on connections that stay ---

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello, world\n") }

func serveHTTP(ctx context.Context, ready func(addr string)) error {
	l, err := socket.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ready(l.Addr().String())
	return anyiohttp.Serve(ctx, &http.Server{Handler: http.HandlerFunc(hello)}, l, anyio.Forever)
}

func serveHTTPNet(ready func(addr string)) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ready(l.Addr().String())
	return (&http.Server{Handler: http.HandlerFunc(hello)}).Serve(l)
}

const httpRequest = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

// answerSize reads an answer and returns how many bytes it has.
func answerSize(c net.Conn) (int, error) {
	counted := &countingReader{r: c}
	r := bufio.NewReader(counted)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, err
	}
	if resp.StatusCode != http.StatusOK || r.Buffered() > 0 {
		return 0, fmt.Errorf("the answer is %s, with %d bytes beyond its end", resp.Status, r.Buffered())
	}
	return counted.n, nil
}

type countingReader struct {
	r io.Reader
	n int
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.n += n
	return n, err
}
