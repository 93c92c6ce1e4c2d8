package anyiotest_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// A byteMutant is an end of a pipe with one fault.
type byteMutant struct {
	stream.ByteStream
	receive func(ctx context.Context, buf []byte) (int, error)
	send    func(ctx context.Context, data []byte) error
	sendEOF func(ctx context.Context) error
	close   func(ctx context.Context) error
}

func (m *byteMutant) Receive(ctx context.Context, buf []byte) (int, error) {
	return m.receive(ctx, buf)
}
func (m *byteMutant) Send(ctx context.Context, data []byte) error { return m.send(ctx, data) }
func (m *byteMutant) SendEOF(ctx context.Context) error           { return m.sendEOF(ctx) }
func (m *byteMutant) Close(ctx context.Context) error             { return m.close(ctx) }

func newByteMutant(s stream.ByteStream) *byteMutant {
	return &byteMutant{s, s.Receive, s.Send, s.SendEOF, s.Close}
}

// bytePair makes a pipe of which both ends have the fault.
func bytePair(buffer int, change func(m *byteMutant)) anyiotest.MakeBytePair {
	return func(context.Context) (a, b stream.ByteStream, err error) {
		a, b = stream.Pipe(buffer)
		ma, mb := newByteMutant(a), newByteMutant(b)
		if change != nil {
			change(ma)
			change(mb)
		}
		return ma, mb, nil
	}
}

// instead is an error of call in place of another.
func instead(old, err error, call func(ctx context.Context, buf []byte) (int, error)) func(ctx context.Context, buf []byte) (int, error) {
	return func(ctx context.Context, buf []byte) (int, error) {
		n, got := call(ctx, buf)
		if errors.Is(got, old) {
			got = err
		}
		return n, got
	}
}

func sendInstead(old, err error, call func(ctx context.Context, data []byte) error) func(ctx context.Context, data []byte) error {
	return func(ctx context.Context, data []byte) error {
		got := call(ctx, data)
		if errors.Is(got, old) {
			got = err
		}
		return got
	}
}

func isMisuse(err error) bool {
	var misuse *anyio.MisuseError
	return errors.As(err, &misuse)
}

func isBusy(err error) bool {
	var busy *anyio.BusyError
	return errors.As(err, &busy)
}

// byteFaults has a fault for each rule.
var byteFaults = []struct {
	rule, fault string
	change      func(m *byteMutant)
}{
	{"order", "bytes are out of place", func(m *byteMutant) {
		m.send = func(ctx context.Context, data []byte) error {
			data = slices.Clone(data)
			if len(data) > 500 {
				data[0], data[1] = data[1], data[0]
			}
			return m.ByteStream.Send(ctx, data)
		}
	}},
	{"order", "Receive gives nothing", func(m *byteMutant) {
		calls := 0
		m.receive = func(ctx context.Context, buf []byte) (int, error) {
			if calls++; calls == 5 {
				return 0, nil
			}
			return m.ByteStream.Receive(ctx, buf)
		}
	}},
	{"transfer", "one bit is wrong", func(m *byteMutant) {
		sent := 0
		m.send = func(ctx context.Context, data []byte) error {
			if sent < 600_000 && sent+len(data) >= 600_000 {
				data = slices.Clone(data)
				data[0] ^= 4
			}
			sent += len(data)
			return m.ByteStream.Send(ctx, data)
		}
	}},
	{"empty buffer", "no error", func(m *byteMutant) {
		m.receive = func(ctx context.Context, buf []byte) (int, error) {
			n, err := m.ByteStream.Receive(ctx, buf)
			if isMisuse(err) {
				err = nil
			}
			return n, err
		}
	}},
	{"nothing sent", "it is sent", func(m *byteMutant) {
		m.send = func(ctx context.Context, data []byte) error {
			if len(data) == 0 {
				data = []byte{0}
			}
			return m.ByteStream.Send(ctx, data)
		}
	}},
	{"send eof", "the end is told as broken", func(m *byteMutant) {
		m.receive = instead(anyio.ErrEndOfStream, anyio.ErrBroken, m.receive)
	}},
	{"send eof", "it is told once", func(m *byteMutant) {
		told := false
		m.receive = func(ctx context.Context, buf []byte) (int, error) {
			n, err := m.ByteStream.Receive(ctx, buf)
			if errors.Is(err, anyio.ErrEndOfStream) {
				if told {
					return n, anyio.ErrClosed
				}
				told = true
			}
			return n, err
		}
	}},
	{"send eof twice", "it fails", func(m *byteMutant) {
		ended := false
		m.sendEOF = func(ctx context.Context) error {
			if ended {
				return errOdd
			}
			ended = true
			return m.ByteStream.SendEOF(ctx)
		}
	}},
	{"send after eof", "the error is another", func(m *byteMutant) {
		m.send = sendInstead(anyio.ErrClosed, anyio.ErrBroken, m.send)
	}},
	{"other direction", "it is closed, too", func(m *byteMutant) {
		m.sendEOF = func(ctx context.Context) error { return m.ByteStream.Close(ctx) }
	}},
	{"end while waiting", "the receiver is told that it is closed", func(m *byteMutant) {
		m.receive = instead(anyio.ErrEndOfStream, anyio.ErrClosed, m.receive)
	}},
	{"closed", "Receive tells of an end", func(m *byteMutant) {
		m.receive = instead(anyio.ErrClosed, anyio.ErrEndOfStream, m.receive)
	}},
	{"closed", "Send does nothing", func(m *byteMutant) { m.send = sendInstead(anyio.ErrClosed, nil, m.send) }},
	{"closed", "closing again fails", func(m *byteMutant) {
		closed := false
		m.close = func(ctx context.Context) error {
			if closed {
				return errOdd
			}
			closed = true
			return m.ByteStream.Close(ctx)
		}
	}},
	{"closed while receiving", "it is not woken", func(m *byteMutant) { m.close = later(m.close) }},
	{"closed while sending", "it is not woken", func(m *byteMutant) { m.close = later(m.close) }},
	{"close in a canceled scope", "it does nothing", func(m *byteMutant) {
		m.close = func(ctx context.Context) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return m.ByteStream.Close(ctx)
		}
	}},
	{"peer closed", "data is dropped", func(m *byteMutant) {
		m.close = func(ctx context.Context) error {
			m.send = func(context.Context, []byte) error { return anyio.ErrClosed }
			return m.ByteStream.Close(ctx)
		}
		m.send = func(ctx context.Context, data []byte) error { // the last piece waits to be sent
			return m.ByteStream.Send(ctx, data[:len(data)-1])
		}
	}},
	{"peer closed while waiting", "it is told as broken", func(m *byteMutant) {
		m.receive = instead(anyio.ErrEndOfStream, anyio.ErrBroken, m.receive)
	}},
	{"broken", "nobody is told", func(m *byteMutant) { m.send = sendInstead(anyio.ErrBroken, nil, m.send) }},
	{"broken while sending", "another error", func(m *byteMutant) { m.send = sendInstead(anyio.ErrBroken, errOdd, m.send) }},
	{"backpressure", "Send never waits", func(m *byteMutant) {
		m.send = func(context.Context, []byte) error { return nil }
	}},
	{"busy receiving", "another error", func(m *byteMutant) {
		m.receive = func(ctx context.Context, buf []byte) (int, error) {
			n, err := m.ByteStream.Receive(ctx, buf)
			if isBusy(err) {
				err = errOdd
			}
			return n, err
		}
	}},
	{"busy sending", "another error", func(m *byteMutant) {
		m.send = func(ctx context.Context, data []byte) error {
			err := m.ByteStream.Send(ctx, data)
			if isBusy(err) {
				err = errOdd
			}
			return err
		}
	}},
	{"canceled scope", "Send sends", func(m *byteMutant) {
		m.send = func(ctx context.Context, data []byte) error {
			return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				s.SetShield(true)
				return m.ByteStream.Send(ctx, data)
			})
		}
	}},
	{"canceled receive", "a byte is lost", func(m *byteMutant) {
		drop := false
		m.receive = func(ctx context.Context, buf []byte) (int, error) {
			if drop {
				drop = false
				_, _ = m.ByteStream.Receive(ctx, buf[:1])
			}
			n, err := m.ByteStream.Receive(ctx, buf)
			drop = errors.Is(err, anyio.ErrCanceled)
			return n, err
		}
	}},
	{"canceled send", "the error is another", func(m *byteMutant) {
		m.send = sendInstead(anyio.ErrCanceled, anyio.ErrBroken, m.send)
	}},
	{"deadline", "it is not obeyed", func(m *byteMutant) {
		m.receive = instead(anyio.ErrCanceled, anyio.ErrBroken, m.receive)
	}},
	{"deadline of sending", "it ends as if all were sent", func(m *byteMutant) {
		m.send = sendInstead(anyio.ErrCanceled, nil, m.send)
	}},
	{"derived context", "the error is another", func(m *byteMutant) {
		m.receive = instead(context.Canceled, anyio.ErrBroken, m.receive)
	}},
}

func TestByteStreamRulesFindFaults(t *testing.T) {
	for _, c := range byteFaults {
		t.Run(c.rule+"/"+c.fault, func(t *testing.T) {
			on := func(change func(m *byteMutant)) *recorder {
				rec := newRecorder(t)
				rec.run(func() {
					anyiotest.Execute(rec, "", func(ctx context.Context) {
						anyiotest.CheckByteRule(rec, ctx, c.rule, bytePair(100, change))
					}, anyio.On(sim.New(sim.Config{Seed: 1})))
				})
				return rec
			}
			on(c.change).wantFailure(t, "want: ", "got:  ")
			on(nil).wantPass(t)
		})
	}
}

func TestEachByteStreamRuleHasAFault(t *testing.T) {
	for _, name := range anyiotest.ByteRules() {
		has := false
		for _, c := range byteFaults {
			has = has || c.rule == name
		}
		if !has {
			t.Errorf("no mutant shows that the rule %q finds anything", name)
		}
	}
}

func TestByteStreamThatLosesBytesWhenCanceledIsFound(t *testing.T) {
	sound := newRecorder(t)
	sound.run(func() { anyiotest.CancelByteStream(sound, bytePair(1, nil)) })
	sound.wantPass(t)
	rec := newRecorder(t)
	rec.run(func() {
		anyiotest.CancelByteStream(rec, bytePair(1, func(m *byteMutant) {
			m.receive = func(ctx context.Context, buf []byte) (int, error) {
				n, err := m.ByteStream.Receive(ctx, buf)
				if err == nil {
					if err = anyio.Sleep(ctx, 0); err != nil {
						return 0, err
					}
				}
				return n, err
			}
		}))
	})
	rec.wantFailure(t, "want: no cancellation of Receive loses or doubles a byte")
}

func TestByteStreamSkipsWhatItLacks(t *testing.T) {
	rec := newRecorder(t)
	rec.run(func() {
		anyiotest.Execute(rec, "", func(ctx context.Context) {
			anyiotest.CheckByteRule(rec, ctx, "send eof", bytePair(1, nil), anyiotest.Lacks(anyiotest.HalfClose, "for a test"))
		})
	})
	if !rec.skipped {
		t.Errorf("not skipped: %s", rec.text())
	}
}
