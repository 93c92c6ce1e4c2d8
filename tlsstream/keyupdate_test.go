package tlsstream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
)

// The answer to a key update goes with the next data, so receiving never waits for
// the other side to receive.
func TestKeyUpdateIsAnsweredWithTheNextData(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p, s := newPeer(t, ctx)
		send(t, ctx, s, "tickets") // go first
		for _, r := range [][]byte{p.record(typeApplication, []byte("old keys,")), p.askForKeys(), p.record(typeApplication, []byte("new keys"))} {
			send(t, ctx, p.transport, string(r))
		}
		receive(t, ctx, s, "old keys,new keys")
		send(t, ctx, s, "answer")
		var got []string
		for len(got) < 3 {
			kind, data, err := p.receive(ctx)
			switch {
			case err != nil:
				t.Fatal(err)
			case kind == typeApplication:
				got = append(got, string(data))
			case bytes.Equal(data, keyUpdate):
				got = append(got, "key update")
			}
		}
		if got[0] != "tickets" || got[1] != "key update" || got[2] != "answer" {
			t.Errorf("the peer got %q", got)
		}
		closeAll(t, ctx, s)
		if kind, data, err := p.receive(ctx); kind != typeAlert || err != nil || !bytes.Equal(data, []byte{1, 0}) {
			t.Errorf("the last record is %d: %v, %v", kind, data, err)
		}
		closeAll(t, ctx, p.transport)
	})
}

// Bulk data both ways on one thread while the keys change all the time.
func TestBothDirectionsDuringKeyUpdates(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p, s := newPeer(t, ctx)
		part := bytes.Repeat([]byte("0123456789"), 100)
		const parts = 100
		updates := 0
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error { // the peer sends
				for i := range parts {
					if i%3 == 0 {
						if err := p.transport.Send(ctx, p.askForKeys()); err != nil {
							return err
						}
					}
					if err := p.transport.Send(ctx, p.record(typeApplication, part)); err != nil {
						return err
					}
				}
				return p.transport.Send(ctx, p.record(typeAlert, []byte{1, 0}))
			})
			tg.Go(func(ctx context.Context) error { // the peer receives
				var got []byte
				for len(got) < parts*len(part) {
					kind, data, err := p.receive(ctx)
					if err != nil {
						return err
					}
					if kind == typeApplication {
						got = append(got, data...)
					} else if bytes.Equal(data, keyUpdate) {
						updates++
					}
				}
				if !bytes.Equal(got, bytes.Repeat(part, parts)) {
					t.Error("the peer got something else")
				}
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				for range parts {
					if err := s.Send(ctx, part); err != nil {
						return err
					}
				}
				return nil
			})
			got, err := readAll(ctx, s)
			if err != nil || !bytes.Equal(got, bytes.Repeat(part, parts)) {
				t.Errorf("received %d bytes and %v", len(got), err)
			}
		})
		send(t, ctx, s, "x") // takes the last answers along
		for updates < (parts+2)/3 {
			kind, data, err := p.receive(ctx)
			if err != nil {
				t.Fatalf("%d key updates were answered: %v", updates, err)
			}
			if kind == typeHandshake && bytes.Equal(data, keyUpdate) {
				updates++
			}
		}
		closeAll(t, ctx, s, p.transport)
	})
}

// A stream that is only received from answers, too, when enough answers are due.
func TestManyKeyUpdatesAreAnsweredWithoutSending(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p, s := newPeer(t, ctx)
		answers := 0
		for range 200 {
			send(t, ctx, p.transport, string(p.askForKeys()))
			send(t, ctx, p.transport, string(p.record(typeApplication, []byte("x"))))
			receive(t, ctx, s, "x")
		}
		closeAll(t, ctx, s.Transport())
		for {
			kind, data, err := p.receive(ctx)
			if err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if kind == typeHandshake && bytes.Equal(data, keyUpdate) {
				answers++
			}
		}
		if answers < 100 {
			t.Errorf("%d of 200 key updates were answered", answers)
		}
		_ = s.Close(ctx)
		closeAll(t, ctx, p.transport)
	})
}

// A peer that asks on and on and reads nothing is given up.
func TestKeyUpdateFloodIsCutOff(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p, s := newPeer(t, ctx)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			sending := tg.Go(func(ctx context.Context) error { return s.Send(ctx, make([]byte, 2*room)) })
			idle(t, ctx) // our own data fill the pipe
			flood := tg.Go(func(ctx context.Context) error {
				for {
					if err := p.transport.Send(ctx, append(p.askForKeys(), p.record(typeApplication, []byte("x"))...)); err != nil {
						return err
					}
				}
			})
			var err error
			for err == nil {
				_, err = s.Receive(ctx, make([]byte, 100))
			}
			if !errors.Is(err, anyio.ErrBroken) || !strings.Contains(err.Error(), "asks for new keys again and again") {
				t.Errorf("Receive returns %v", err)
			}
			flood.Cancel("enough")
			sending.Cancel("enough")
		})
		closeAll(t, ctx, p.transport, s)
	}, anyiotest.Seeds(1))
}

// A handshake message that came in parts is put together, also between two calls.
func TestKeyUpdateInPieces(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p, s := newPeer(t, ctx)
		send(t, ctx, p.transport, string(p.record(typeHandshake, keyUpdateAsking[:2])))
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				receive(t, ctx, s, "then data")
				return nil
			})
			idle(t, ctx)
			r := p.record(typeHandshake, keyUpdateAsking[2:])
			p.out.update()
			send(t, ctx, p.transport, string(r))
			send(t, ctx, p.transport, string(p.record(typeApplication, []byte("then data"))))
		})
		closeAll(t, ctx, s, p.transport)
	})
}
