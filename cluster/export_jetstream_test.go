package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/anyio-go/anyio/cluster/internal/natsproto"
	"github.com/anyio-go/anyio/stream"
)

// Ask asks JetStream something, and returns what is to be the same with each server.
func Ask(ctx context.Context, c *Conn, subject string, data string, headers ...string) string {
	m, err := c.store.ask(ctx, subject, headers, []byte(data), answerTime)
	switch {
	case err != nil:
		return err.Error()
	case m.status != "":
		return "status " + m.status
	case len(m.data) == 0 || m.data[0] != '{':
		return fmt.Sprintf("%s %q", m.sequence, m.data)
	}
	var r natsproto.Response
	if err := json.Unmarshal(m.data, &r); err != nil {
		return err.Error()
	}
	text := fmt.Sprint(r.Sequence, r.Success, r.Purged)
	if r.Error != nil {
		text += fmt.Sprintf(" error %d %d: %s", r.Error.Code, r.Error.ErrCode, r.Error.Description)
	}
	if r.Message != nil {
		text += fmt.Sprintf(" %s %d %s", r.Message.Subject, r.Message.Sequence, r.Message.Data)
	}
	return text
}

// Pull asks a consumer for messages, which are there, or for 0, and returns what comes: the subjects on which they are
// acknowledged, and what is to be the same with each server.
func Pull(ctx context.Context, c *Conn, queue, consumer string, batch int) (acks []string, text string, err error) {
	came, next := stream.Memory[message](batch + 1)
	defer next.Close(ctx)
	defer came.Close(ctx)
	inbox := c.cfg.Prefix + ".pull." + randomText(ctx)
	sub, err := c.bus.subscribe(inbox, "", func(m message) { _ = came.TrySend(m) })
	if err != nil {
		return nil, "", err
	}
	defer sub.drop()
	ask := fmt.Sprintf(`{"batch":%d,"expires":60000000000}`, batch)
	if batch == 0 {
		batch, ask = 1, `{"batch":1,"no_wait":true}`
	}
	if err := c.bus.publish("$JS.API.CONSUMER.MSG.NEXT."+queue+"."+consumer, inbox, []byte(ask)); err != nil {
		return nil, "", err
	}
	for range batch {
		m, err := next.Receive(ctx)
		if err != nil {
			return nil, text, err
		}
		if m.status != "" {
			return acks, text + "status " + m.status, nil
		}
		acks = append(acks, m.reply)
		delivered, _ := deliveryOf(m.reply)
		text += fmt.Sprintf("%s, the %d. time; ", m.data, delivered)
	}
	return acks, text, nil
}

// QueueNames are the names of the stream of jobs, and of a consumer of those of a prefix.
func QueueNames(c *Conn) (stream, results, letters string) {
	return c.jobs.stream("jobs"), c.jobs.stream("results"), c.jobs.stream("dead")
}

// OpenJobs makes the streams.
func OpenJobs(ctx context.Context, c *Conn) error { return c.jobs.open(ctx) }

// ConsumerOf is the name of the consumer of a function's jobs.
func ConsumerOf[In, Out any](name string) string {
	return strings.ReplaceAll(signatureFor[In, Out](name).token, ".", "-")
}

// A meddlingBus does something before a message with headers is sent.
type meddlingBus struct {
	bus
	meddle func(subject, reply string) (newReply string)
}

func (b *meddlingBus) publishHeaders(subject, reply string, h headers, data []byte) error {
	return b.bus.publishHeaders(subject, b.meddle(subject, reply), h, data)
}

// meddle has something done before each of the first messages on the subjects of a kind is
// sent. It is called before the member does anything.
func meddle(c *Conn, kind string, messages int, do func(b bus, subject, reply string) (newReply string)) {
	var left atomic.Int32
	left.Store(int32(messages))
	prefix, b := c.jobs.subject(kind, ""), c.bus
	c.bus = &meddlingBus{b, func(subject, reply string) string {
		if strings.HasPrefix(subject, prefix) && left.Add(-1) >= 0 {
			return do(b, subject, reply)
		}
		return reply
	}}
}

// LoseAnswers has so many answers lost to what is stored on the subjects of a kind.
func LoseAnswers(c *Conn, kind string, n int) {
	meddle(c, kind, n, func(bus, string, string) string { return "" })
}

// NoteBefore has another worker be faster with the first note that is stored here: that an
// attempt has begun.
func NoteBefore(c *Conn) {
	meddle(c, "jn", 1, func(b bus, subject, reply string) string {
		n := note{run: "elsewhere", begun: 1}
		_ = b.publishHeaders(subject, "", n.headers(0), n.encode())
		return reply
	})
}
