package simnats

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster/internal/natsproto"
)

// A consumer hands the messages of a work queue out to those who ask for them.
type consumer struct {
	config  natsproto.ConsumerConfig
	filter  []string
	last    uint64               // how many deliveries there were
	pending map[uint64]*delivery // that are not acknowledged, by the number of the message
	pulls   []*pull
	timer   func() // stops that of the next redelivery
}

type delivery struct {
	count int
	due   time.Time // when it is delivered again
}

// A pull is a request for messages.
type pull struct {
	reply   string
	left    int
	noWait  bool
	expires time.Time // zero if it does not
	timer   func()
}

// reopen is what a server does with the consumers that it finds: who has asked is not known
// any more, and not every delivery.
func (c *consumer) reopen(ctx context.Context) {
	c.pulls, c.timer = nil, nil
	for _, seq := range slices.Sorted(maps.Keys(c.pending)) {
		if anyio.Rand(ctx).IntN(2) == 0 {
			delete(c.pending, seq)
		}
	}
}

func (s *Server) createConsumer(ctx context.Context, names []string, _ string, data []byte) (r natsproto.Response, _ *natsproto.Error) {
	var ask natsproto.ConsumerRequest
	st := s.find(ctx, names[0])
	if st == nil {
		return r, notFound
	}
	if err := json.Unmarshal(data, &ask); err != nil || ask.Config.Durable != names[1] {
		return r, bad("bad request")
	}
	if ask.Config.AckPolicy != "explicit" || st.config.Retention != "workqueue" || ask.Config.AckWait <= 0 {
		return r, bad("consumers are simulated of work queues, with explicit acknowledgement after a time")
	}
	c := st.consumer(names[1])
	if c == nil {
		c = &consumer{pending: map[uint64]*delivery{}}
		st.consumers = append(st.consumers, c)
	}
	c.config, c.filter = ask.Config, strings.Split(ask.Config.Filter, ".")
	return r, nil
}

func (st *jsStream) consumer(name string) *consumer {
	i := slices.IndexFunc(st.consumers, func(c *consumer) bool { return c.config.Durable == name })
	if i < 0 {
		return nil
	}
	return st.consumers[i]
}

// next takes a request for messages. It needs Server.mu.
func (s *Server) next(ctx context.Context, stream, name, reply string, data []byte) bool {
	st := s.find(ctx, stream)
	if st == nil || st.consumer(name) == nil {
		return false
	}
	var ask natsproto.NextRequest
	if err := json.Unmarshal(data, &ask); err != nil && len(data) > 0 {
		s.status(ctx, reply, "400 Bad Request")
		return true
	}
	c := st.consumer(name)
	p := &pull{reply: reply, left: max(ask.Batch, 1), noWait: ask.NoWait}
	if ask.Expires > 0 {
		p.expires = anyio.Now(ctx).Add(ask.Expires)
		p.timer = s.timers.Add(p.expires, func() { s.expire(c, p) })
	}
	c.pulls = append(c.pulls, p)
	s.hand(ctx, st, c)
	return true
}

// status says something in place of a message.
func (s *Server) status(ctx context.Context, reply, text string) {
	s.route(ctx, nil, reply, reply, "", []byte("NATS/1.0 "+text+"\r\n\r\n"), nil)
}

// expire ends a request that has waited long enough.
func (s *Server) expire(c *consumer, p *pull) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.end(p) {
		s.status(s.ctx, p.reply, "408 Request Timeout")
	}
}

// end forgets a request, and reports whether there was one.
func (c *consumer) end(p *pull) bool {
	n := len(c.pulls)
	c.pulls = slices.DeleteFunc(c.pulls, func(other *pull) bool { return other == p })
	if p.timer != nil {
		p.timer()
	}
	return len(c.pulls) < n
}

// hand hands out what there is, and plans when there will be more. It needs Server.mu.
func (s *Server) hand(ctx context.Context, st *jsStream, c *consumer) {
	st.expire(anyio.Now(ctx))
	for len(c.pulls) > 0 {
		p := c.pulls[0]
		if !s.interest(p.reply) { // who has asked is gone
			c.end(p)
			continue
		}
		m := c.due(st, anyio.Now(ctx))
		if m == nil {
			break
		}
		s.deliverTo(ctx, st, c, p, m)
		if p.left--; p.left == 0 {
			c.end(p)
		} else { // those who have asked take turns
			c.pulls = append(c.pulls[1:], p)
		}
	}
	for _, p := range slices.Clone(c.pulls) {
		if p.noWait {
			c.end(p)
			s.status(ctx, p.reply, "404 No Messages")
		}
	}
	s.plan(st, c)
}

// due returns the next message to be delivered, nil if there is none: one that was before
// goes first.
func (c *consumer) due(st *jsStream, now time.Time) *stored {
	var fresh, again *stored
	for _, m := range st.messages {
		if !matches(c.filter, strings.Split(m.Subject, ".")) {
			continue
		}
		switch d := c.pending[m.Sequence]; {
		case d == nil && fresh == nil:
			fresh = m
		case d != nil && !now.Before(d.due) && !c.usedUp(d) && (again == nil || d.due.Before(c.pending[again.Sequence].due)):
			again = m
		}
	}
	if most := c.config.MaxAckPending; again == nil && (most <= 0 || len(c.pending) < most) {
		return fresh
	}
	return again
}

// usedUp reports whether a message is not delivered again.
func (c *consumer) usedUp(d *delivery) bool {
	return c.config.MaxDeliver > 0 && d.count >= c.config.MaxDeliver
}

func (s *Server) deliverTo(ctx context.Context, st *jsStream, c *consumer, p *pull, m *stored) {
	d := c.pending[m.Sequence]
	if d == nil {
		d = &delivery{}
		c.pending[m.Sequence] = d
	}
	c.last++
	d.count++
	d.due = anyio.Now(ctx).Add(c.config.AckWait)
	ack := fmt.Sprintf("%s%s.%s.%d.%d.%d.%d.0", ackPrefix, st.config.Name, c.config.Durable, d.count, m.Sequence, c.last, m.Time.UnixNano())
	s.route(ctx, nil, p.reply, m.Subject, ack, m.Headers, m.Data)
}

// plan has messages handed out again when they are due. It needs Server.mu.
func (s *Server) plan(st *jsStream, c *consumer) {
	if c.timer != nil {
		c.timer()
		c.timer = nil
	}
	var next time.Time
	for _, d := range c.pending {
		if !c.usedUp(d) && (next.IsZero() || d.due.Before(next)) {
			next = d.due
		}
	}
	if next.IsZero() || len(c.pulls) == 0 { // who asks gets what is due
		return
	}
	c.timer = s.timers.Add(next, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.hand(s.ctx, st, c)
	})
}

// acknowledge takes what a worker says of a message: STREAM.CONSUMER.COUNT.SEQUENCE and more.
// It needs Server.mu.
func (s *Server) acknowledge(ctx context.Context, tokens []string, reply, text string) bool {
	if len(tokens) < 4 {
		return false
	}
	st := s.find(ctx, tokens[0])
	if st == nil || st.consumer(tokens[1]) == nil {
		return false
	}
	c := st.consumer(tokens[1])
	seq, err := strconv.ParseUint(tokens[3], 10, 64)
	d := c.pending[seq]
	if err == nil && d != nil {
		switch what, rest, _ := strings.Cut(text, " "); what {
		case "+ACK", "":
			st.remove(func(m *stored) bool { return m.Sequence == seq })
		case "+WPI":
			d.due = anyio.Now(ctx).Add(c.config.AckWait)
		case "-NAK":
			d.due = anyio.Now(ctx).Add(nakDelay(rest))
		}
	}
	if reply != "" {
		s.route(ctx, nil, reply, reply, "", nil, nil)
	}
	s.hand(ctx, st, c)
	return true
}

func nakDelay(text string) time.Duration {
	var ask struct {
		Delay time.Duration `json:"delay"`
	}
	_ = json.Unmarshal([]byte(text), &ask) // at once, if it is something else
	return ask.Delay
}
