package process

import (
	"context"
	"os"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// SetIdleFor sets after how long an idle worker is ended, and returns what it was.
func SetIdleFor(d time.Duration) (was time.Duration) {
	was, idleFor = idleFor, d
	return was
}

// SetReadyWithin sets how long a worker may take to start, and returns what it was.
func SetReadyWithin(d time.Duration) (was time.Duration) {
	was, readyWithin = readyWithin, d
	return was
}

// DeafenIdle makes sending to the idle workers of a run fail, as if they ended at
// just that time. The function it returns frees what they listened to.
func DeafenIdle(ctx context.Context) (free func()) {
	p := poolOf(kernel.Locate(ctx).Run())
	p.mu.Lock()
	defer p.mu.Unlock()
	var was []*sendEnd
	for _, w := range p.idle {
		r, to, err := os.Pipe()
		if err != nil {
			panic(err)
		}
		_ = r.Close()
		was = append(was, w.to)
		w.to = newSender(to)
	}
	return func() {
		for _, to := range was {
			_ = to.Close(ctx)
		}
	}
}

// DecodeAnswer decodes what a worker has sent: one frame, an answer and its value.
func DecodeAnswer(data []byte) (value string, err error) {
	if len(data) < frameHeader {
		return "", errGarbage
	}
	n, err := bodyLength(data)
	if err != nil || n != len(data)-frameHeader {
		return "", errGarbage
	}
	c := newCodec()
	c.load(data[frameHeader:])
	var a answer
	if err := c.decode(&a); err != nil {
		return "", err
	}
	if a.Failed {
		return "", a.errorOf("fuzz")
	}
	err = c.decode(boxed(&value))
	return value, err
}

// EncodeAnswer is what a worker sends.
func EncodeAnswer(value string) ([]byte, error) { return newCodec().encode(answer{}, boxed(&value)) }

// EncodeFailure is what it sends when the function has failed.
func EncodeFailure(err error) ([]byte, error) { return newCodec().encode(failure(err, nil)) }
