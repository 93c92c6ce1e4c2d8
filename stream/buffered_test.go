package stream_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// A script is a stream that gives pieces, then an error.
type script struct {
	pieces [][]byte
	end    error // nil: the end of the stream
	closed int
}

func pieces(parts ...string) *script {
	s := &script{}
	for _, p := range parts {
		s.pieces = append(s.pieces, []byte(p))
	}
	return s
}

func (s *script) Receive(ctx context.Context, buf []byte) (int, error) {
	if len(s.pieces) == 0 {
		if s.end != nil {
			return 0, s.end
		}
		return 0, anyio.ErrEndOfStream
	}
	n := copy(buf, s.pieces[0])
	if s.pieces[0] = s.pieces[0][n:]; len(s.pieces[0]) == 0 {
		s.pieces = s.pieces[1:]
	}
	return n, nil
}

func (s *script) Close(context.Context) error { s.closed++; return nil }

func wantText(t *testing.T, got []byte, err error, want string) {
	t.Helper()
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestBufferedStreamKeepsTheRulesOfByteStreams(t *testing.T) {
	anyiotest.TestByteStream(t, func(context.Context) (a, b stream.ByteStream, err error) {
		a, b = stream.Pipe(1000)
		return stream.NewBuffered(a), stream.NewBuffered(b), nil
	})
}

func TestReceiveExactlyTakesAcrossPieces(t *testing.T) {
	ctx := context.Background()
	r := stream.NewBufferedReceiver(pieces("abc", "de", "fgh"))
	got, err := r.ReceiveExactly(ctx, 4)
	wantText(t, got, err, "abcd")
	got, err = r.ReceiveExactly(ctx, 0)
	wantText(t, got, err, "")
	buf := make([]byte, 3)
	err = r.ReceiveFull(ctx, buf)
	wantText(t, buf, err, "efg")
	wantText(t, r.Buffered(), nil, "h")
}

func TestIncompleteReadKeepsWhatWasReceived(t *testing.T) {
	ctx := context.Background()
	r := stream.NewBufferedReceiver(pieces("ab", "c"))
	_, err := r.ReceiveExactly(ctx, 5)
	var incomplete *stream.IncompleteReadError
	if !errors.As(err, &incomplete) || incomplete.Got != 3 || incomplete.Want != 5 {
		t.Errorf("error is %v", err)
	}
	testkit.WantErr(t, err, io.ErrUnexpectedEOF)
	_, err = r.ReceiveUntil(ctx, "\n", 10)
	if !errors.As(err, &incomplete) || incomplete.Got != 3 {
		t.Errorf("error is %v", err)
	}
	got, err := r.ReceiveExactly(ctx, 3)
	wantText(t, got, err, "abc")
	_, err = r.ReceiveExactly(ctx, 1)
	testkit.WantErr(t, err, anyio.ErrEndOfStream)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("a stream that ends between two reads is not incomplete")
	}
	_, err = r.ReceiveUntil(ctx, "\n", 10)
	testkit.WantErr(t, err, anyio.ErrEndOfStream)
}

func TestReceiveUntilFindsDelimitersAcrossPieces(t *testing.T) {
	ctx := context.Background()
	r := stream.NewBufferedReceiver(pieces("one\r", "\ntwo\r\r", "\n", "\r\nrest"))
	for _, want := range []string{"one", "two\r", ""} {
		got, err := r.ReceiveUntil(ctx, "\r\n", 4)
		wantText(t, got, err, want)
	}
	got, err := r.Peek(ctx, 3)
	wantText(t, got, err, "res")
	wantText(t, r.Buffered(), nil, "rest")
}

func TestDelimiterBeyondTheMaximumIsNotAccepted(t *testing.T) {
	ctx := context.Background()
	for _, r := range []*stream.BufferedReceiver{
		stream.NewBufferedReceiver(pieces("abcdef\nx")),
		stream.NewBufferedReceiver(pieces("a", "bcd", "ef", "\nx")),
	} {
		_, err := r.ReceiveUntil(ctx, "\n", 5)
		var notFound *stream.DelimiterNotFoundError
		if !errors.As(err, &notFound) || notFound.MaxBytes != 5 {
			t.Errorf("error is %v", err)
		}
		got, err := r.ReceiveUntil(ctx, "\n", 6)
		wantText(t, got, err, "abcdef")
	}
}

func TestReceiveUntilFailsWithoutWaitingForMore(t *testing.T) {
	broken := pieces("abcdef") // receiving again would fail
	broken.end = anyio.ErrBroken
	r := stream.NewBufferedReceiver(broken)
	_, err := r.ReceiveUntil(context.Background(), "\r\n", 5)
	var notFound *stream.DelimiterNotFoundError
	if !errors.As(err, &notFound) {
		t.Errorf("error is %v", err)
	}
}

func TestFedDataComesBeforeWhatIsReceived(t *testing.T) {
	ctx := context.Background()
	r := stream.NewBufferedReceiver(pieces("world"))
	testkit.WantErr(t, r.FeedData([]byte("hel")), nil)
	testkit.WantErr(t, r.FeedData([]byte("lo ")), nil)
	got, err := r.ReceiveExactly(ctx, 11)
	wantText(t, got, err, "hello world")
}

func TestBufferedReceiverRefusesWhatCannotBeRight(t *testing.T) {
	ctx := context.Background()
	r := stream.NewBufferedReceiver(pieces("abc"))
	calls := map[string]func() error{
		"Receive":      func() error { _, err := r.Receive(ctx, nil); return err },
		"Exactly":      func() error { _, err := r.ReceiveExactly(ctx, -1); return err },
		"Peek":         func() error { _, err := r.Peek(ctx, -1); return err },
		"no delimiter": func() error { _, err := r.ReceiveUntil(ctx, "", 1); return err },
		"negative max": func() error { _, err := r.ReceiveUntil(ctx, "x", -1); return err },
		"Lines": func() (last error) {
			for _, last = range r.Lines(ctx, -1) {
			}
			return last
		},
		"Chunks": func() (last error) {
			for _, last = range r.Chunks(ctx, 0) {
			}
			return last
		},
	}
	for name, call := range calls {
		var misuse *anyio.MisuseError
		if err := call(); !errors.As(err, &misuse) {
			t.Errorf("%s: error is %v, want a *MisuseError", name, err)
		}
	}
	got, err := r.ReceiveExactly(ctx, 3)
	wantText(t, got, err, "abc")
}

func TestClosedBufferedReceiverGivesNothingMore(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := pieces("abcdef")
		r := stream.NewBufferedReceiver(s)
		_, err := r.ReceiveExactly(ctx, 2)
		testkit.WantErr(t, err, nil)
		canceled(t, ctx, func(ctx context.Context) error { _, err := r.ReceiveExactly(ctx, 2); return err })
		testkit.WantErr(t, r.Close(ctx), nil)
		_, err = r.ReceiveExactly(ctx, 2)
		testkit.WantErr(t, err, anyio.ErrClosed)
		testkit.WantErr(t, r.FeedData(nil), anyio.ErrClosed)
		if s.closed != 1 {
			t.Errorf("the wrapped stream was closed %d times", s.closed)
		}
	})
}

func TestCanceledBufferedCallsKeepTheData(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(100)
		defer a.Close(ctx)
		defer b.Close(ctx)
		r := stream.NewBuffered(b)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			testkit.WantErr(t, a.Send(ctx, []byte("ab")), nil)
			h := tg.Go(func(ctx context.Context) error { _, err := r.ReceiveExactly(ctx, 5); return err })
			idle(t, ctx)
			var busy *anyio.BusyError
			if _, err := r.ReceiveUntil(ctx, "x", 5); !errors.As(err, &busy) {
				t.Errorf("error is %v, want a *BusyError", err)
			}
			h.Cancel("test")
		})
		testkit.WantErr(t, a.Send(ctx, []byte("cde\n")), nil)
		got, err := r.ReceiveUntil(ctx, "\n", 5)
		wantText(t, got, err, "abcde")
	})
}

func TestLinesAndChunks(t *testing.T) {
	ctx := context.Background()
	var got []string
	for line, err := range stream.NewBufferedReceiver(pieces("one\r\ntw", "o\n\n", "la\r", "st")).Lines(ctx, 10) {
		testkit.WantErr(t, err, nil)
		got = append(got, string(line))
	}
	if want := []string{"one", "two", "", "la\rst"}; !slices.Equal(got, want) {
		t.Errorf("lines are %q, want %q", got, want)
	}
	got = nil
	for chunk, err := range stream.NewBufferedReceiver(pieces("abc", "de", "fg")).Chunks(ctx, 3) {
		testkit.WantErr(t, err, nil)
		got = append(got, string(chunk))
	}
	if want := []string{"abc", "def", "g"}; !slices.Equal(got, want) {
		t.Errorf("chunks are %q, want %q", got, want)
	}
}

func TestLinesGoOnAfterAnError(t *testing.T) {
	ctx := context.Background()
	s := pieces("one\ntoo long\n")
	r := stream.NewBufferedReceiver(s)
	var got []string
	var last error
	for line, err := range r.Lines(ctx, 5) {
		got, last = append(got, string(line)), err
	}
	var notFound *stream.DelimiterNotFoundError
	if !errors.As(last, &notFound) || !slices.Equal(got, []string{"one", ""}) {
		t.Errorf("got %q, then %v", got, last)
	}
	for line, err := range r.Lines(ctx, 10) {
		wantText(t, line, err, "too long")
		break
	}
}

func TestBufferedConnectableMakesBufferedStreams(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := stream.NewPipeListener(10)
		defer l.Close(ctx)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				conn, err := l.Accept(ctx)
				if err != nil {
					return err
				}
				defer conn.Close(ctx)
				return conn.Send(ctx, []byte("hello\n"))
			})
			s, err := stream.BufferedConnectable(l).Connect(ctx)
			testkit.WantErr(t, err, nil)
			defer s.Close(ctx)
			got, err := s.ReceiveUntil(ctx, "\n", 10)
			wantText(t, got, err, "hello")
		})
		testkit.WantErr(t, l.Close(ctx), nil)
		_, err := stream.BufferedConnectable(l).Connect(ctx)
		testkit.WantErr(t, err, stream.ErrConnect)
	})
}

func TestByteStreamOfPiecesKeepsTheRulesOfByteStreams(t *testing.T) {
	anyiotest.TestByteStream(t, func(context.Context) (a, b stream.ByteStream, err error) {
		there, back := pieceHalf(), pieceHalf()
		return stream.Staple(stream.AsByteSendStream(there.send), stream.AsByteReceiveStream(back.recv)),
			stream.AsByteStream(stream.StapleObjects(back.send, there.recv)), nil
	}, anyiotest.Lacks(anyiotest.Backpressure, "one Send is one piece, whatever its size"))
}

type half struct {
	send *stream.MemorySendStream[[]byte]
	recv *stream.MemoryReceiveStream[[]byte]
}

func pieceHalf() half {
	send, recv := stream.Memory[[]byte](3)
	return half{send, recv}
}
