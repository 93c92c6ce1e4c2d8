package stream_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// staples is a pair of stapled streams over two pipes of which one direction is used.
func staples() (a, b *stream.StapledByteStream) {
	send1, recv1 := stream.Pipe(1000)
	send2, recv2 := stream.Pipe(1000)
	return stream.Staple(send1, recv2), stream.Staple(send2, recv1)
}

func TestStapledByteStreamKeepsTheRulesOfByteStreams(t *testing.T) {
	anyiotest.TestByteStream(t, func(context.Context) (stream.ByteStream, stream.ByteStream, error) {
		a, b := staples()
		return a, b, nil
	})
}

// A failing half fails when it is closed, and has an attribute.
type failingHalf struct {
	stream.ByteStream
	err   error
	attrs attr.Set
}

func (h failingHalf) Close(ctx context.Context) error {
	return errors.Join(h.err, h.ByteStream.Close(ctx))
}
func (h failingHalf) Attributes() attr.Set { return h.attrs }

func TestStapledCloseClosesBothHalvesEvenIfOneFails(t *testing.T) {
	ctx := context.Background()
	errSend, errReceive := errors.New("send half"), errors.New("receive half")
	a, far := stream.Pipe(1)
	b, far2 := stream.Pipe(1)
	s := stream.Staple(failingHalf{ByteStream: a, err: errSend}, failingHalf{ByteStream: b, err: errReceive})
	err := s.Close(ctx)
	testkit.WantErr(t, err, errSend)
	testkit.WantErr(t, err, errReceive)
	for _, end := range []stream.ByteStream{far, far2} {
		_, err := end.Receive(ctx, make([]byte, 1))
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
		testkit.WantErr(t, end.Close(ctx), nil)
	}
}

// A toldHalf tells when it is closed.
type toldHalf struct {
	stream.ByteStream
	closed func()
}

func (h toldHalf) Close(ctx context.Context) error { h.closed(); return h.ByteStream.Close(ctx) }

// The half that sends first: its wrapper may still have to say something.
func TestStapledCloseClosesTheSendingHalfFirst(t *testing.T) {
	ctx := context.Background()
	var order []string
	half := func(name string) stream.ByteStream {
		a, _ := stream.Pipe(1)
		return toldHalf{a, func() { order = append(order, name) }}
	}
	testkit.WantErr(t, stream.Staple(half("send"), half("receive")).Close(ctx), nil)
	if !slices.Equal(order, []string{"send", "receive"}) {
		t.Errorf("closed in the order %v", order)
	}
}

func TestStapledAttributesAreMergedAndTheReceivingHalfWins(t *testing.T) {
	both, onlySend := attr.New[string]("both"), attr.New[string]("send")
	send := failingHalf{attrs: attr.NewSet(both.Value("send"), onlySend.Value("s"))}
	receive := failingHalf{attrs: attr.NewSet(both.Value("receive"))}
	s := stream.Staple(send, receive)
	if got, err := attr.Get(s, both); err != nil || got != "receive" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := attr.Get(s, onlySend); err != nil || got != "s" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestStapledObjectStream(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, farReceive := stream.Memory[int](2)
		farSend, receive := stream.Memory[int](2)
		defer farReceive.Close(ctx)
		defer farSend.Close(ctx)
		var s stream.ObjectStream[int] = stream.StapleObjects(send, receive)
		testkit.WantErr(t, s.Send(ctx, 1), nil)
		for range 2 {
			testkit.WantErr(t, s.SendEOF(ctx), nil)
		}
		testkit.WantErr(t, s.Send(ctx, 2), anyio.ErrClosed)
		if got, err := farReceive.Receive(ctx); got != 1 || err != nil {
			t.Errorf("got %d, %v", got, err)
		}
		_, err := farReceive.Receive(ctx)
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
		testkit.WantErr(t, farSend.Send(ctx, 3), nil)
		if got, err := s.Receive(ctx); got != 3 || err != nil {
			t.Errorf("got %d, %v", got, err)
		}
		testkit.WantErr(t, s.Close(ctx), nil)
		_, err = s.Receive(ctx)
		testkit.WantErr(t, err, anyio.ErrClosed)
		testkit.WantErr(t, farSend.Send(ctx, 4), anyio.ErrBroken)
	})
}

// untried is a sender without TrySend.
type untried struct{ stream.ObjectSendStream[int] }

func TestStapledTrySendIsThatOfTheHalf(t *testing.T) {
	ctx := context.Background()
	send, receive := stream.Memory[int](1)
	defer send.Close(ctx)
	defer receive.Close(ctx)
	s := stream.StapleObjects(send, receive)
	testkit.WantErr(t, s.TrySend(1), nil)
	testkit.WantErr(t, s.TrySend(2), anyio.ErrWouldBlock)
	testkit.WantErr(t, stream.StapleObjects(untried{send}, receive).TrySend(3), errors.ErrUnsupported)
}
