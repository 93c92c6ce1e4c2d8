package anyiotest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/stream"
)

// A MakeBytePair makes two new byte streams that are connected to each other.
type MakeBytePair func(ctx context.Context) (a, b stream.ByteStream, err error)

// A ByteFeature is something that a byte stream should have, and that some kinds
// cannot have; see Lacks.
type ByteFeature string

const (
	// HalfClose is SendEOF, after which receiving goes on.
	HalfClose ByteFeature = "half-close"
	// Backpressure makes Send wait, before 32 MiB (in the simulator 2 MiB) are sent, while
	// nobody receives.
	Backpressure ByteFeature = "backpressure"
	// BrokenPeer makes Send fail when the other end was closed.
	BrokenPeer ByteFeature = "broken peer"
)

// Lacks tells TestByteStream that streams of this kind do not have a feature. The
// rules about it are skipped with the reason, which must not be empty.
func Lacks(f ByteFeature, why string) Option {
	return func(p *plan) {
		if why == "" {
			p.fail(fmt.Errorf("Lacks(%q): say why", f))
		}
		p.lacks = append(p.lacks, lack{f, why})
	}
}

type lack struct {
	feature ByteFeature
	why     string
}

// TestByteStream checks on every backend that a byte stream keeps the rules of
// stream.ByteStream: order, end of stream, what is closed and what is broken,
// waiting, busy sides, and that no cancellation of Receive loses a byte. Each rule
// is a subtest, and a failure begins with the rule as a sentence. The rules are
// checked from the first stream to the second and the other way around.
func TestByteStream(t *testing.T, makePair MakeBytePair, opts ...Option) {
	t.Helper()
	for _, rule := range byteRules {
		t.Run(rule.name, func(t *testing.T) {
			Run(t, func(t *testing.T, ctx context.Context) {
				rule.apply(t, ctx, makePair, opts)
				swapped := func(ctx context.Context) (a, b stream.ByteStream, err error) {
					b, a, err = makePair(ctx)
					return a, b, err
				}
				rule.apply(t, ctx, swapped, opts)
			}, opts...)
		})
	}
	t.Run("cancel everywhere", func(t *testing.T) { cancelByteStream(t, makePair, opts) })
}

// A byteRule is one thing that must hold for a byte stream.
type byteRule struct {
	name  string
	want  string // the rule as a sentence
	needs []ByteFeature
	check func(p *bytePair, ctx context.Context)
}

func (rule byteRule) apply(t testing.TB, ctx context.Context, makePair MakeBytePair, opts []Option) {
	t.Helper()
	p := &bytePair{TB: t, rule: rule, much: muchOf(ctx)}
	for _, f := range rule.needs {
		if why, lacks := lackOf(opts, f); lacks {
			text := fmt.Sprintf("this stream has no %s: %s", f, why)
			t.Skip(text)
		}
	}
	var err error
	if p.a, p.b, err = makePair(ctx); err != nil {
		t.Fatalf("making a pair: %v", err)
	}
	defer p.close(ctx)
	err = anyio.FailAfter(ctx, ruleTimeout, func(ctx context.Context) error {
		rule.check(p, ctx)
		return nil
	})
	if err != nil {
		p.fail("%v", err)
	}
}

func lackOf(opts []Option, f ByteFeature) (why string, lacks bool) {
	p := &plan{skips: make(map[string]string)}
	for _, o := range opts {
		o(p)
	}
	for _, l := range p.lacks {
		if l.feature == f {
			return l.why, true
		}
	}
	return "", false
}

// A bytePair is a stream under test. Most rules send from a to b.
type bytePair struct {
	testing.TB
	rule byteRule
	a, b stream.ByteStream
	much int // bytes; more than what any stream under test stores between its ends
}

func (p *bytePair) close(ctx context.Context) {
	for _, s := range []stream.ByteStream{p.a, p.b} {
		if err := anyio.CloseForcefully(ctx, s); err != nil && !errors.Is(err, anyio.ErrBroken) {
			p.fail("closing at the end: %v", err)
		}
	}
}

// fail says which rule is broken, and how.
func (p *bytePair) fail(format string, args ...any) {
	p.Helper()
	p.Errorf("want: %s\ngot:  %s", p.rule.want, fmt.Sprintf(format, args...))
}

func (p *bytePair) wantErr(call string, err, want error) {
	p.Helper()
	if !errors.Is(err, want) {
		p.fail("%s: error %v, want %v", call, err, want)
	}
}

func (p *bytePair) group(ctx context.Context, body func(ctx context.Context, tg *anyio.TaskGroup)) {
	p.Helper()
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		body(ctx, tg)
		return nil
	})
	if err != nil {
		p.fail("%v", err)
	}
}

// waiting starts call in a task, calls meanwhile when the task waits, and returns
// the error of call.
func (p *bytePair) waiting(ctx context.Context, call func(ctx context.Context) error, meanwhile func(h *anyio.TaskHandle)) (result error) {
	p.Helper()
	p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		h := tg.Go(func(ctx context.Context) error { result = call(ctx); return nil }, anyio.Name("waiting"))
		p.idle(ctx)
		if h.Status() != anyio.Pending {
			p.fail("a call that should wait has returned")
		}
		meanwhile(h)
	})
	return result
}

// idle waits until every other task waits for something.
func (p *bytePair) idle(ctx context.Context) {
	place := kernel.Locate(ctx)
	if err := place.Run().WaitAllBlocked(place); err != nil {
		p.fail("%v", err)
	}
}

// --- calls ---

// muchOf returns how many bytes are much: systems store megabytes, the simulator does not,
// where each packet costs time.
func muchOf(ctx context.Context) int {
	if simulates(ctx) {
		return 2 << 20
	}
	return 32 << 20
}

func (p *bytePair) sendMuch(ctx context.Context) error { return p.a.Send(ctx, make([]byte, p.much)) }

func receiveOne(ctx context.Context, s stream.ByteStream) error {
	_, err := s.Receive(ctx, make([]byte, 1))
	return err
}

// sendIn sends in a task of its own, since Send may wait for the receiver.
func sendIn(tg *anyio.TaskGroup, s stream.ByteStream, data string) {
	tg.Go(func(ctx context.Context) error { return s.Send(ctx, []byte(data)) }, anyio.Name("sender"))
}

// wantData receives as much as want has.
func (p *bytePair) wantData(ctx context.Context, s stream.ByteStream, want string) {
	p.Helper()
	got := make([]byte, 0, len(want))
	for len(got) < len(want) {
		n, err := s.Receive(ctx, got[len(got):len(want)])
		if err != nil || n < 1 || n > len(want)-len(got) {
			p.fail("received %q, then %d, %v, want %q", got, n, err, want)
			return
		}
		got = got[:len(got)+n]
	}
	if string(got) != want {
		p.fail("received %q, want %q", got, want)
	}
}

// wantEnd receives up to the end of the stream, which must come after want.
func (p *bytePair) wantEnd(ctx context.Context, s stream.ByteStream, want string) {
	p.Helper()
	got, err := drain(ctx, s)
	if string(got) != want || !errors.Is(err, anyio.ErrEndOfStream) {
		p.fail("received %q, then %v, want %q and the end of the stream", got, err, want)
	}
	p.wantErr("Receive again at the end", receiveOne(ctx, s), anyio.ErrEndOfStream)
}

// drain receives until there is an error.
func drain(ctx context.Context, s stream.ByteReceiveStream) ([]byte, error) {
	var got bytes.Buffer
	var buf [7]byte
	for {
		n, err := s.Receive(ctx, buf[:])
		if err != nil {
			return got.Bytes(), err
		}
		if n < 1 || n > len(buf) {
			return got.Bytes(), fmt.Errorf("got %d bytes in a buffer of %d, without an error", n, len(buf))
		}
		got.Write(buf[:n])
	}
}
