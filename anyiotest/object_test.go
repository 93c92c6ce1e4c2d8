package anyiotest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// A mutant is a memory stream with one fault.
type mutant struct {
	*stream.MemorySendStream[int]
	send   func(ctx context.Context, item int) error
	close  func(context.Context) error
	clone  func() *mutant
	sendEO func(ctx context.Context) error
}

func (m *mutant) Send(ctx context.Context, item int) error { return m.send(ctx, item) }
func (m *mutant) Close(ctx context.Context) error          { return m.close(ctx) }
func (m *mutant) Clone() *mutant                           { return m.clone() }
func (m *mutant) SendEOF(ctx context.Context) error        { return m.sendEO(ctx) }

// A mutantReceiver is the other end.
type mutantReceiver struct {
	*stream.MemoryReceiveStream[int]
	receive    func(ctx context.Context) (int, error)
	tryReceive func() (int, error)
	close      func(context.Context) error
}

func (m *mutantReceiver) Receive(ctx context.Context) (int, error) { return m.receive(ctx) }
func (m *mutantReceiver) TryReceive() (int, error)                 { return m.tryReceive() }
func (m *mutantReceiver) Close(ctx context.Context) error          { return m.close(ctx) }

// newMutant makes a pair without a fault; change may add one.
func newMutant(buffer int, change func(s *mutant, r *mutantReceiver)) anyiotest.MakeObjectPair {
	return func(ctx context.Context) (stream.ObjectSendStream[int], stream.ObjectReceiveStream[int], int, error) {
		send, recv := stream.Memory[int](buffer)
		s := &mutant{MemorySendStream: send, send: send.Send, close: send.Close}
		s.clone = func() *mutant {
			c := *s
			c.MemorySendStream = send.Clone()
			c.send, c.close = c.MemorySendStream.Send, c.MemorySendStream.Close
			return &c
		}
		s.sendEO = func(ctx context.Context) error { return send.Close(ctx) }
		r := &mutantReceiver{recv, recv.Receive, recv.TryReceive, recv.Close}
		if change != nil {
			change(s, r)
		}
		return s, r, buffer, nil
	}
}

// later is a Close that does nothing at the first call.
func later(closing func(context.Context) error) func(ctx context.Context) error {
	calls := 0
	return func(ctx context.Context) error {
		if calls++; calls == 1 {
			return nil
		}
		return closing(ctx)
	}
}

var errOdd = errors.New("odd")

func TestObjectStreamRulesFindFaults(t *testing.T) {
	for _, c := range []struct {
		rule   string
		fault  string
		buffer int
		change func(s *mutant, r *mutantReceiver)
	}{
		{"order", "an item is missing", 1, func(s *mutant, r *mutantReceiver) {
			s.send = func(ctx context.Context, item int) error {
				if item == 7 {
					return nil
				}
				return s.MemorySendStream.Send(ctx, item)
			}
		}},
		{"order", "the last item is missing", 1, func(s *mutant, r *mutantReceiver) {
			s.send = func(ctx context.Context, item int) error {
				if item == 199 {
					return nil
				}
				return s.MemorySendStream.Send(ctx, item)
			}
		}},
		{"end", "what is buffered is dropped", 2, func(s *mutant, r *mutantReceiver) {
			s.close = func(ctx context.Context) error {
				_, _ = r.MemoryReceiveStream.TryReceive()
				return s.MemorySendStream.Close(ctx)
			}
		}},
		{"end", "the end is told as closed", 2, func(s *mutant, r *mutantReceiver) {
			r.receive = func(ctx context.Context) (int, error) {
				item, err := r.MemoryReceiveStream.Receive(ctx)
				if errors.Is(err, anyio.ErrEndOfStream) {
					err = anyio.ErrClosed
				}
				return item, err
			}
		}},
		{"end while waiting", "the receiver is not told", 0, func(s *mutant, r *mutantReceiver) {
			s.close = later(s.MemorySendStream.Close)
		}},
		{"closed", "closing again fails", 0, func(s *mutant, r *mutantReceiver) {
			closed := false
			s.close = func(ctx context.Context) error {
				if closed {
					return errOdd
				}
				closed = true
				return s.MemorySendStream.Close(context.Background())
			}
		}},
		{"closed while receiving", "it is not woken", 0, func(s *mutant, r *mutantReceiver) {
			r.close = later(r.MemoryReceiveStream.Close)
		}},
		{"closed while sending", "its item is still delivered", 1, func(s *mutant, r *mutantReceiver) {
			s.close = func(ctx context.Context) error {
				defer s.MemorySendStream.Close(context.Background())
				_, err := r.MemoryReceiveStream.TryReceive()
				return err
			}
		}},
		{"broken", "nobody is told", 1, func(s *mutant, r *mutantReceiver) {
			s.send = func(ctx context.Context, item int) error { _ = s.MemorySendStream.Send(ctx, item); return nil }
		}},
		{"broken while sending", "another error", 1, func(s *mutant, r *mutantReceiver) {
			s.send = func(ctx context.Context, item int) error {
				if s.MemorySendStream.Send(ctx, item) != nil {
					return errOdd
				}
				return nil
			}
		}},
		{"buffer", "it holds more than it says", 0, func(s *mutant, r *mutantReceiver) {
			s.send = func(ctx context.Context, item int) error { return nil }
		}},
		{"busy", "the second fails oddly", 0, func(s *mutant, r *mutantReceiver) {
			busy := false
			r.receive = func(ctx context.Context) (int, error) {
				if busy {
					return 0, errOdd
				}
				busy = true
				return r.MemoryReceiveStream.Receive(ctx)
			}
		}},
		{"try", "an empty stream has ended", 1, func(s *mutant, r *mutantReceiver) {
			r.tryReceive = func() (int, error) { return 0, anyio.ErrEndOfStream }
		}},
		{"send eof", "the second fails", 0, func(s *mutant, r *mutantReceiver) {
			s.sendEO = func(ctx context.Context) error {
				_, err := r.MemoryReceiveStream.TryReceive()
				defer s.MemorySendStream.Close(ctx)
				if errors.Is(err, anyio.ErrEndOfStream) {
					return errOdd
				}
				return nil
			}
		}},
		{"canceled scope", "Send sends", 1, func(s *mutant, r *mutantReceiver) {
			s.send = func(ctx context.Context, item int) error { return s.MemorySendStream.TrySend(item) }
		}},
		{"canceled scope", "Receive of a rendezvous takes the item", 0, func(s *mutant, r *mutantReceiver) {
			r.receive = func(ctx context.Context) (int, error) {
				if item, err := r.MemoryReceiveStream.TryReceive(); err == nil {
					return item, nil
				}
				return r.MemoryReceiveStream.Receive(ctx)
			}
		}},
		{"canceled send", "the item is sent later", 1, func(s *mutant, r *mutantReceiver) {
			s.send = func(ctx context.Context, item int) error {
				err := s.MemorySendStream.Send(ctx, item)
				if err != nil {
					old, _ := r.MemoryReceiveStream.TryReceive()
					_ = s.MemorySendStream.TrySend(old + item)
				}
				return err
			}
		}},
		{"canceled receive", "the next item is dropped", 0, func(s *mutant, r *mutantReceiver) {
			drop := false
			r.receive = func(ctx context.Context) (int, error) {
				if drop {
					drop = false
					_, _ = r.MemoryReceiveStream.Receive(ctx)
				}
				item, err := r.MemoryReceiveStream.Receive(ctx)
				drop = errors.Is(err, anyio.ErrCanceled)
				return item, err
			}
		}},
		{"derived context", "it is not obeyed", 0, func(s *mutant, r *mutantReceiver) {
			r.receive = func(ctx context.Context) (int, error) {
				return r.MemoryReceiveStream.Receive(context.WithoutCancel(ctx))
			}
		}},
		{"clones end", "closing one closes all", 0, func(s *mutant, r *mutantReceiver) {
			s.clone = func() *mutant { return s }
		}},
		{"clones share", "an item comes twice", 4, func(s *mutant, r *mutantReceiver) {
			clone := s.clone
			s.clone = func() *mutant {
				c := clone()
				send := c.send
				c.send = func(ctx context.Context, item int) error {
					return errors.Join(send(ctx, item), send(ctx, item))
				}
				return c
			}
		}},
	} {
		t.Run(c.rule+"/"+c.fault, func(t *testing.T) {
			on := func(change func(*mutant, *mutantReceiver)) *recorder {
				rec := newRecorder(t)
				rec.run(func() {
					anyiotest.Execute(rec, "", func(ctx context.Context) {
						anyiotest.CheckObjectRule(rec, ctx, c.rule, newMutant(c.buffer, change))
					}, anyio.On(sim.New(sim.Config{Seed: 1})))
				})
				return rec
			}
			if c.rule == "derived context" { // nothing ends its wait
				on(c.change).wantFailure(t, "deadlock")
			} else {
				on(c.change).wantFailure(t, "want: ", "got:  ")
			}
			sound := on(nil)
			sound.wantPass(t)
			if sound.skipped {
				t.Errorf("the rule was not applied: %s", sound.text())
			}
		})
	}
}

func TestObjectStreamThatLosesItemsWhenCanceledIsFound(t *testing.T) {
	for name, change := range map[string]func(s *mutant, r *mutantReceiver){
		"none": nil,
		"got  sent": func(s *mutant, r *mutantReceiver) {
			r.receive = func(ctx context.Context) (int, error) {
				item, err := r.MemoryReceiveStream.Receive(ctx)
				if err == nil {
					err = anyio.Sleep(ctx, 0) // the item is lost if this is canceled
				}
				return item, err
			}
		},
	} {
		rec := newRecorder(t)
		rec.run(func() { anyiotest.CancelObjectStream(rec, newMutant(1, change)) })
		if change == nil {
			rec.wantPass(t)
		} else {
			rec.wantFailure(t, "want: no cancellation loses or doubles an item")
		}
		if rec.skipped {
			t.Errorf("%s: skipped: %s", name, strings.TrimSpace(rec.text()))
		}
	}
}

func TestObjectStreamThatCannotBeMadeFails(t *testing.T) {
	broken := func(context.Context) (stream.ObjectSendStream[int], stream.ObjectReceiveStream[int], int, error) {
		return nil, nil, 0, errOdd
	}
	rec := newRecorder(t)
	rec.run(func() {
		anyiotest.Execute(rec, "", func(ctx context.Context) { anyiotest.CheckObjectRule(rec, ctx, "order", broken) })
	})
	rec.wantFailure(t, "making a pair: odd")
}

// plainSender and plainReceiver have nothing but what an object stream must have;
// the buffer between them is not known.
type plainSender struct{ stream.ObjectSendStream[int] }
type plainReceiver struct {
	stream.ObjectReceiveStream[int]
}

func TestObjectStreamWithoutExtrasPasses(t *testing.T) {
	anyiotest.TestObjectStream(t, func(context.Context) (stream.ObjectSendStream[int], stream.ObjectReceiveStream[int], int, error) {
		send, recv := stream.Memory[int](3)
		return plainSender{send}, plainReceiver{recv}, -1, nil
	}, anyiotest.Seeds(1))
}
