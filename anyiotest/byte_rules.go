package anyiotest

import (
	"context"
	"errors"
	"strings"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// byteRules is what TestByteStream checks.
var byteRules = []byteRule{
	{name: "order",
		want:  "bytes arrive in the order in which they were sent, none is missing, and Receive gives at least one and no more than fit",
		check: checkByteOrder},
	{name: "transfer",
		want:  "a mebibyte goes in each direction at once and arrives unchanged",
		check: checkTransfer},
	{name: "empty buffer",
		want: "Receive with an empty buffer is a *MisuseError, but in a canceled scope the cancellation",
		check: func(p *bytePair, ctx context.Context) {
			var misuse *anyio.MisuseError
			for _, buf := range [][]byte{nil, {}} {
				if n, err := p.a.Receive(ctx, buf); n != 0 || !errors.As(err, &misuse) {
					p.fail("received %d, %v", n, err)
				}
			}
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
				scope.Cancel("test")
				_, err := p.a.Receive(ctx, nil)
				p.wantErr("Receive in a canceled scope", err, anyio.ErrCanceled)
				return nil
			})
			p.wantErr("the scope", err, nil)
		}},
	{name: "nothing sent",
		want: "Send without data is no error, and nothing is received",
		check: func(p *bytePair, ctx context.Context) {
			p.wantErr("Send", p.a.Send(ctx, nil), nil)
			p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				sendIn(tg, p.a, "data")
				p.wantData(ctx, p.b, "data")
			})
		}},
	{name: "send eof", needs: []ByteFeature{HalfClose},
		want: "after SendEOF what was sent before is received, then ErrEndOfStream, as often as one asks",
		check: func(p *bytePair, ctx context.Context) {
			p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					p.wantErr("Send", p.a.Send(ctx, []byte("last words")), nil)
					p.wantErr("SendEOF", p.a.SendEOF(ctx), nil)
					return nil
				}, anyio.Name("sender"))
				p.wantEnd(ctx, p.b, "last words")
			})
		}},
	{name: "send eof twice", needs: []ByteFeature{HalfClose},
		want: "a second SendEOF does nothing",
		check: func(p *bytePair, ctx context.Context) {
			for range 3 {
				p.wantErr("SendEOF", p.a.SendEOF(ctx), nil)
			}
			p.wantEnd(ctx, p.b, "")
		}},
	{name: "send after eof", needs: []ByteFeature{HalfClose},
		want: "Send after SendEOF is ErrClosed",
		check: func(p *bytePair, ctx context.Context) {
			p.wantErr("SendEOF", p.a.SendEOF(ctx), nil)
			p.wantErr("Send", p.a.Send(ctx, []byte("x")), anyio.ErrClosed)
			p.wantEnd(ctx, p.b, "")
		}},
	{name: "other direction", needs: []ByteFeature{HalfClose},
		want: "after SendEOF the other direction goes on",
		check: func(p *bytePair, ctx context.Context) {
			p.wantErr("SendEOF", p.a.SendEOF(ctx), nil)
			p.wantEnd(ctx, p.b, "")
			p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				sendIn(tg, p.b, "answer")
				p.wantData(ctx, p.a, "answer")
			})
			p.wantErr("SendEOF of the other side", p.b.SendEOF(ctx), nil)
			p.wantEnd(ctx, p.a, "")
		}},
	{name: "end while waiting", needs: []ByteFeature{HalfClose},
		want: "a Receive that waits returns ErrEndOfStream when the other side sends its end",
		check: func(p *bytePair, ctx context.Context) {
			err := p.waiting(ctx, p.receiveB, func(*anyio.TaskHandle) { p.wantErr("SendEOF", p.a.SendEOF(ctx), nil) })
			p.wantErr("Receive", err, anyio.ErrEndOfStream)
		}},
	{name: "closed",
		want: "calls on a stream that was closed return ErrClosed, and closing it again does nothing",
		check: func(p *bytePair, ctx context.Context) {
			for range 2 {
				p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
					tg.Go(p.drainB, anyio.Name("other side"))
					p.wantErr("Close", p.a.Close(ctx), nil)
				})
				p.wantErr("Send", p.a.Send(ctx, []byte("x")), anyio.ErrClosed)
				p.wantErr("Receive", receiveOne(ctx, p.a), anyio.ErrClosed)
			}
		}},
	{name: "closed while receiving",
		want: "a Receive that waits returns ErrClosed when its own stream is closed",
		check: func(p *bytePair, ctx context.Context) {
			err := p.waiting(ctx, p.receiveB, func(*anyio.TaskHandle) { p.closeForcefully(ctx, p.b) })
			p.wantErr("Receive", err, anyio.ErrClosed)
		}},
	{name: "closed while sending", needs: []ByteFeature{Backpressure},
		want: "a Send that waits returns ErrClosed when its own stream is closed",
		check: func(p *bytePair, ctx context.Context) {
			err := p.waiting(ctx, p.sendMuch, func(*anyio.TaskHandle) { p.closeForcefully(ctx, p.a) })
			p.wantErr("Send", err, anyio.ErrClosed)
		}},
	{name: "close in a canceled scope",
		want: "Close in a canceled scope closes the stream",
		check: func(p *bytePair, ctx context.Context) {
			p.closeForcefully(ctx, p.a)
			p.wantErr("Send", p.a.Send(ctx, []byte("x")), anyio.ErrClosed)
			p.wantErr("Receive", receiveOne(ctx, p.a), anyio.ErrClosed)
			if got, err := drain(ctx, p.b); len(got) > 0 || !errors.Is(err, anyio.ErrEndOfStream) && !errors.Is(err, anyio.ErrBroken) {
				p.fail("the other side received %q, then %v", got, err)
			}
		}},
	{name: "peer closed",
		want: "when the other side closes, what it sent is received, then ErrEndOfStream",
		check: func(p *bytePair, ctx context.Context) {
			words := strings.Repeat("last words ", 100)
			p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					p.wantErr("Send", p.a.Send(ctx, []byte(words)), nil)
					p.wantErr("Close", p.a.Close(ctx), nil)
					return nil
				}, anyio.Name("sender"))
				p.wantEnd(ctx, p.b, words)
			})
		}},
	{name: "peer closed while waiting",
		want: "a Receive that waits returns ErrEndOfStream when the other side closes",
		check: func(p *bytePair, ctx context.Context) {
			err := p.waiting(ctx, p.receiveB, func(*anyio.TaskHandle) { p.wantErr("Close", p.a.Close(ctx), nil) })
			p.wantErr("Receive", err, anyio.ErrEndOfStream)
		}},
	{name: "broken", needs: []ByteFeature{BrokenPeer},
		want: "when the other side was closed, Send returns ErrBroken, at once or, over a network, before long",
		check: func(p *bytePair, ctx context.Context) {
			p.closeForcefully(ctx, p.b)
			var err error
			for sent := 0; err == nil && sent < p.much; sent += 1024 {
				err = p.a.Send(ctx, make([]byte, 1024))
			}
			p.wantErr("Send", err, anyio.ErrBroken)
		}},
	{name: "broken while sending", needs: []ByteFeature{Backpressure, BrokenPeer},
		want: "a Send that waits returns ErrBroken when the other side closes",
		check: func(p *bytePair, ctx context.Context) {
			err := p.waiting(ctx, p.sendMuch, func(*anyio.TaskHandle) { p.closeForcefully(ctx, p.b) })
			p.wantErr("Send", err, anyio.ErrBroken)
		}},
	{name: "backpressure", needs: []ByteFeature{Backpressure},
		want: "Send waits when the other side does not receive, and goes on when it does",
		check: func(p *bytePair, ctx context.Context) {
			err := p.waiting(ctx, p.sendMuch, func(*anyio.TaskHandle) {
				buf := make([]byte, 1<<20)
				for left := p.much; left > 0; {
					n, err := p.b.Receive(ctx, buf)
					if left -= n; err != nil || left < 0 {
						p.fail("received %v, %d bytes of %d", err, p.much-left, p.much)
						return
					}
				}
			})
			p.wantErr("Send", err, nil)
		}},
	{name: "busy receiving",
		want: "while a task receives, Receive of another returns a *BusyError",
		check: func(p *bytePair, ctx context.Context) {
			p.wantBusy(p.waiting(ctx, p.receiveB, func(h *anyio.TaskHandle) {
				p.wantBusy(receiveOne(ctx, p.b), "a second Receive")
				p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) { sendIn(tg, p.a, "x") })
			}), "")
		}},
	{name: "busy sending", needs: []ByteFeature{Backpressure},
		want: "while a task sends, Send of another returns a *BusyError",
		check: func(p *bytePair, ctx context.Context) {
			err := p.waiting(ctx, p.sendMuch, func(h *anyio.TaskHandle) {
				p.wantBusy(p.a.Send(ctx, []byte("x")), "a second Send")
				h.Cancel("enough")
			})
			p.wantErr("the first Send", err, anyio.ErrCanceled)
		}},
	{name: "canceled scope",
		want:  "a call in a canceled scope returns the cancellation and has no effect",
		check: checkBytesCanceledScope},
	{name: "canceled receive",
		want: "a Receive that waits ends when it is canceled, and loses no byte",
		check: func(p *bytePair, ctx context.Context) {
			for range 3 {
				err := p.waiting(ctx, p.receiveB, func(h *anyio.TaskHandle) { h.Cancel("test") })
				p.wantErr("Receive", err, anyio.ErrCanceled)
				p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
					sendIn(tg, p.a, "afterwards")
					p.wantData(ctx, p.b, "afterwards")
				})
			}
		}},
	{name: "canceled send", needs: []ByteFeature{Backpressure},
		want: "a Send that waits ends when it is canceled",
		check: func(p *bytePair, ctx context.Context) {
			err := p.waiting(ctx, p.sendMuch, func(h *anyio.TaskHandle) { h.Cancel("test") })
			p.wantErr("Send", err, anyio.ErrCanceled)
		}},
	{name: "deadline",
		want:  "a deadline ends a call that waits",
		check: checkBytesDeadline},
	{name: "deadline of sending", needs: []ByteFeature{Backpressure},
		want:  "a deadline ends a Send that waits",
		check: checkBytesSendDeadline},
	{name: "derived context",
		want: "a context derived by package context cancels a Receive that waits",
		check: func(p *bytePair, ctx context.Context) {
			cancels := make(chan context.CancelFunc, 1)
			err := p.waiting(ctx, func(ctx context.Context) error {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				cancels <- cancel
				return p.receiveB(ctx)
			}, func(*anyio.TaskHandle) { (<-cancels)() })
			p.wantErr("Receive", err, context.Canceled)
		}},
}

func (p *bytePair) receiveB(ctx context.Context) error { return receiveOne(ctx, p.b) }

// drainB receives what there is.
func (p *bytePair) drainB(ctx context.Context) error {
	_, err := drain(ctx, p.b)
	p.wantErr("Receive of the other side", err, anyio.ErrEndOfStream)
	return nil
}

// wantBusy wants a *BusyError of call, or no error if call is "".
func (p *bytePair) wantBusy(err error, call string) {
	p.Helper()
	var busy *anyio.BusyError
	if call == "" {
		p.wantErr("the first call", err, nil)
	} else if !errors.As(err, &busy) {
		p.fail("%s: error %v, want a *BusyError", call, err)
	}
}

// closeForcefully closes in a canceled scope.
func (p *bytePair) closeForcefully(ctx context.Context, s stream.ByteStream) {
	p.Helper()
	p.wantErr("Close in a canceled scope", anyio.CloseForcefully(ctx, s), nil)
}
