package stream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/stream"
)

func TestFromReadWriteCloserKeepsTheRulesOfByteStreams(t *testing.T) {
	for _, c := range []struct {
		name string
		make func() (a, b io.ReadWriteCloser, err error)
		opts []anyiotest.Option
	}{
		{"io.Pipe", func() (a, b io.ReadWriteCloser, err error) {
			r1, w1 := io.Pipe()
			r2, w2 := io.Pipe()
			return halfCloser{&halves{ReadCloser: r1, w: w2}}, halfCloser{&halves{ReadCloser: r2, w: w1}}, nil
		}, nil},
		{"net.Pipe", func() (a, b io.ReadWriteCloser, err error) {
			a, b = net.Pipe()
			return a, b, nil
		}, []anyiotest.Option{anyiotest.Lacks(anyiotest.HalfClose, "net.Pipe has no CloseWrite")}},
		{"os.Pipe", func() (a, b io.ReadWriteCloser, err error) {
			r1, w1, err1 := os.Pipe()
			r2, w2, err2 := os.Pipe()
			return halfCloser{&halves{ReadCloser: r1, w: w2}}, halfCloser{&halves{ReadCloser: r2, w: w1}}, errors.Join(err1, err2)
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "os.Pipe" && runtime.GOOS == "windows" {
				t.Skip("closing a pipe does not end a Write that waits there")
			}
			anyiotest.TestByteStream(t, func(context.Context) (a, b stream.ByteStream, err error) {
				x, y, err := c.make()
				if err != nil {
					return nil, nil, err
				}
				return stream.FromReadWriteCloser(x), stream.FromReadWriteCloser(y), nil
			}, append(c.opts, anyiotest.Skip("sim", blocksForReal))...)
		})
	}
}
