package tlsstream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// A splitter cuts what is received: the sizes are used one after the other, and
// again and again.
type splitter struct {
	stream.ByteStream
	sizes []byte // 0 stands for 256
	at    int
}

func (s *splitter) Receive(ctx context.Context, buf []byte) (int, error) {
	if len(s.sizes) == 0 {
		return s.ByteStream.Receive(ctx, buf)
	}
	n := int(s.sizes[s.at%len(s.sizes)])
	if s.at++; n == 0 {
		n = 256
	}
	return s.ByteStream.Receive(ctx, buf[:min(n, len(buf))])
}

// roundTrip sends messages over a connection whose transports cut as they like.
func roundTrip(t testing.TB, ctx context.Context, version uint16, toClient, toServer []byte) {
	a, b := stream.Pipe(room)
	c, s, cerr, serr := shake(ctx, &splitter{a, toClient, 0}, &splitter{b, toServer, 0}, side{config: of(version, clientConfig())}, side{config: of(version, serverConfig())})
	if cerr != nil || serr != nil {
		t.Fatalf("handshake: %v, %v", cerr, serr)
	}
	for _, n := range []int{1, 30, 1500, 20000} {
		data := bytes.Repeat([]byte{byte(n)}, n)
		send(t, ctx, c, string(data))
		receive(t, ctx, s, string(data))
		send(t, ctx, s, string(data))
		receive(t, ctx, c, string(data))
	}
	send(t, ctx, c, "end")
	closeAll(t, ctx, c)
	if all, err := readAll(ctx, s); err != nil || string(all) != "end" {
		t.Errorf("received %q and %v", all, err)
	}
	wantEnd(t, ctx, s, io.EOF)
	closeAll(t, ctx, s)
}

func TestRecordsInPieces(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		for _, sizes := range [][]byte{{1}, {5}, {4, 1}, {6, 200}, {0, 0, 1, 2, 3}} {
			roundTrip(t, ctx, version, sizes, sizes)
		}
	}, anyiotest.Seeds(1))
}

// One record, cut at every byte, with a cancellation at the cut.
func TestRecordCutAtEveryByte(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		send(t, ctx, s, "the tickets")
		receive(t, ctx, c, "the tickets")
		for cut := range 60 {
			send(t, ctx, c, "twenty bytes of data")
			record, err := takeFrom(ctx, s.Transport())
			if err != nil {
				t.Fatal(err)
			}
			if cut = min(cut, len(record)); cut > 0 {
				send(t, ctx, c.Transport(), string(record[:cut]))
			}
			if cut < len(record) {
				if n, err := receiveUntilIdle(t, ctx, s); n != 0 {
					t.Fatalf("cut at %d: %d bytes and %v", cut, n, err)
				}
				send(t, ctx, c.Transport(), string(record[cut:]))
			}
			receive(t, ctx, s, "twenty bytes of data")
		}
		closeAll(t, ctx, c, s)
	}, anyiotest.Seeds(1))
}

// takeFrom receives what is there, at least one byte.
func takeFrom(ctx context.Context, r stream.ByteReceiveStream) ([]byte, error) {
	buf := make([]byte, room)
	n, err := r.Receive(ctx, buf)
	return buf[:n], err
}

// receiveUntilIdle receives, and is canceled when nothing comes any more.
func receiveUntilIdle(t *testing.T, ctx context.Context, r stream.ByteReceiveStream) (n int, err error) {
	group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		h := tg.Go(func(ctx context.Context) error {
			n, err = r.Receive(ctx, make([]byte, 100))
			return err
		})
		idle(t, ctx)
		h.Cancel("nothing comes")
	})
	return n, err
}

func FuzzRecordSplitting(f *testing.F) {
	f.Add(true, []byte{1}, []byte{5})
	f.Add(false, []byte{3, 200, 1}, []byte{})
	f.Add(true, []byte{}, []byte{0, 0, 0, 4})
	f.Fuzz(func(t *testing.T, new bool, toClient, toServer []byte) {
		version := uint16(tls.VersionTLS12)
		if new {
			version = tls.VersionTLS13
		}
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			roundTrip(t, ctx, version, toClient, toServer)
			return nil
		}, anyio.On(sim.New(sim.Config{Seed: 1})))
		if err != nil {
			t.Error(err)
		}
	})
}
