package stream_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

var errHiccup = errors.New("hiccup")

// A chopped stream gives data in pieces of random size and fails now and then.
type chopped struct {
	script
	rng *rand.Rand
}

func chop(data []byte, rng *rand.Rand) *chopped {
	c := &chopped{rng: rng}
	for len(data) > 0 {
		n := 1 + rng.IntN(min(len(data), 1+rng.IntN(9)))
		c.pieces, data = append(c.pieces, data[:n]), data[n:]
	}
	return c
}

func (c *chopped) Receive(ctx context.Context, buf []byte) (int, error) {
	if c.rng.IntN(10) == 0 {
		return 0, errHiccup
	}
	return c.script.Receive(ctx, buf)
}

// expect is what a call of a BufferedReceiver gives if all of the data is there.
func expect(data []byte, call, n int, delimiter string) (got, rest []byte, problem string) {
	switch call {
	case 0, 1: // exactly, peek
		switch {
		case len(data) >= n && call == 0:
			return data[:n], data[n:], ""
		case len(data) >= n:
			return data[:n], data, ""
		case len(data) == 0:
			return nil, data, "end"
		}
		return nil, data, "incomplete"
	default: // until
		i := bytes.Index(data, []byte(delimiter))
		if i >= 0 && i <= n {
			return data[:i], data[i+len(delimiter):], ""
		}
		// Could more data bring a delimiter that is near enough?
		for at := 0; at <= min(n, len(data)); at++ {
			if strings.HasPrefix(delimiter, string(data[at:min(len(data), at+len(delimiter)+1)])) {
				if len(data) == 0 {
					return nil, data, "end"
				}
				return nil, data, "incomplete"
			}
		}
		return nil, data, "not found"
	}
}

func problemOf(err error) string {
	var incomplete *stream.IncompleteReadError
	var notFound *stream.DelimiterNotFoundError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &incomplete):
		return "incomplete"
	case errors.As(err, &notFound):
		return "not found"
	case errors.Is(err, anyio.ErrEndOfStream):
		return "end"
	}
	return err.Error()
}

func FuzzBuffered(f *testing.F) {
	f.Add([]byte("one\r\ntwo\n\n\r\r\nthree"), "\r\n", uint64(1))
	f.Add([]byte("aaabaabaaab"), "aab", uint64(2))
	f.Add(bytes.Repeat([]byte("0123456789"), 200), "90", uint64(3))
	f.Add([]byte{}, "x", uint64(4))
	f.Fuzz(func(t *testing.T, data []byte, delimiter string, seed uint64) {
		if delimiter == "" {
			return
		}
		// More takes long and shows nothing new.
		data, delimiter = data[:min(len(data), 4000)], delimiter[:min(len(delimiter), 40)]
		rng := rand.New(rand.NewPCG(seed, 0))
		ctx := context.Background()
		r := stream.NewBufferedReceiver(chop(data, rng))
		again := func(call func() ([]byte, error)) ([]byte, error) {
			for {
				if got, err := call(); !errors.Is(err, errHiccup) {
					return got, err
				}
			}
		}
		rest := data
		for range 200 {
			call, n := rng.IntN(4), rng.IntN(20)
			if rng.IntN(20) == 0 {
				n = rng.IntN(10_000)
			}
			if call == 3 && n > 0 { // what comes depends on the pieces
				got, err := again(func() ([]byte, error) {
					buf := make([]byte, n)
					n, err := r.Receive(ctx, buf)
					return buf[:n], err
				})
				if err == nil && len(got) == 0 || !bytes.HasPrefix(rest, got) || err != nil && len(rest) > 0 {
					t.Fatalf("Receive: got %q, %v, before %q", got, err, rest)
				}
				rest = rest[len(got):]
				continue
			}
			got, err := again(func() ([]byte, error) {
				switch call {
				case 0:
					return r.ReceiveExactly(ctx, n)
				case 1:
					return r.Peek(ctx, n)
				}
				return r.AppendUntil(ctx, nil, delimiter, n)
			})
			want, after, problem := expect(rest, min(call, 2), n, delimiter)
			if problemOf(err) != problem || err == nil && !bytes.Equal(got, want) {
				t.Fatalf("call %d with %d: got %q, %v, want %q, %q; before %q", call, n, got, err, want, problem, rest)
			}
			if rest = after; !bytes.HasPrefix(rest, r.Buffered()) {
				t.Fatalf("call %d with %d: %q is buffered, to come is %q", call, n, r.Buffered(), rest)
			}
		}
	})
}
