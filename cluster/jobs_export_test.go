package cluster

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/anyio-go/anyio/cluster/internal/natsproto"
	"github.com/anyio-go/anyio/internal/remote"
)

// JobsAsked is how many answers about jobs, and ends of jobs, a member waits for.
func JobsAsked(c *Conn) int {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	return len(c.store.asked) + JobWaits(c)
}

// JobWaits is for how many ends of jobs a member waits.
func JobWaits(c *Conn) int {
	c.jobs.mu.Lock()
	defer c.jobs.mu.Unlock()
	return len(c.jobs.waits)
}

// EndElsewhere stores that a job is canceled, and tells nobody.
func EndElsewhere(ctx context.Context, c *Conn, id string) error {
	rec := record{kind: kindCanceled}
	return c.jobs.putResult(ctx, id, defaultKeep, rec.encode())
}

// Stored reports whether the server still has a job to hand out.
func Stored(ctx context.Context, c *Conn, id string) bool {
	job, _, err := c.jobs.look(ctx, id)
	return err != nil || job != nil
}

// Redeliver has the jobs that run here come once more, as if the server had not heard of
// them in time.
func Redeliver(c *Conn) {
	c.mu.Lock()
	workers := slices.Clone(c.workers)
	c.mu.Unlock()
	for _, w := range workers {
		w.taker.mu.Lock()
		running := inOrder(w.taker.running, cmp.Compare)
		w.taker.mu.Unlock()
		for _, j := range running {
			ack := strings.Split(j.ack, ".")
			ack[4] = "2"
			w.taker.got(message{subject: c.jobs.subject("j", j.job), reply: strings.Join(ack, "."), data: j.data})
		}
	}
}

// Bury makes a job a dead letter that is the message of this number, and tells nobody.
func Bury(ctx context.Context, c *Conn, id string, sequence uint64) error {
	data, err := c.jobs.get(ctx, "jobs", c.jobs.subject("j", id))
	if err != nil {
		return err
	}
	return c.jobs.put(ctx, c.jobs.subject("jd", id), headers{deadSequence, strconv.FormatUint(sequence, 10)}, data)
}

// BuryAgain stores a dead letter once more, as another worker does to which the job is
// delivered.
func BuryAgain(ctx context.Context, d *DeadLetter) error {
	st := &d.c.jobs
	return st.put(ctx, st.subject("jd", d.ID), headers{deadSequence, strconv.FormatUint(d.queued, 10)}, d.data)
}

// SubmitElsewhere has a job end, and submits one with the same ID, as others do who have
// taken its worker for lost.
func SubmitElsewhere(ctx context.Context, c *Conn, id string) error {
	st := &c.jobs
	data, err := st.get(ctx, "jobs", st.subject("j", id))
	if err != nil {
		return err
	}
	if err := TakeAway(ctx, c, id); err != nil {
		return err
	}
	return st.put(ctx, st.subject("j", id), nil, data)
}

// BeginElsewhere notes that so many attempts of a job have begun, as another worker does to
// which it is delivered. The one before has failed.
func BeginElsewhere(ctx context.Context, c *Conn, id string, begun int) error {
	st := &c.jobs
	_, sequence, err := c.store.get(ctx, st.stream("jobs"), st.subject("j", id))
	if err != nil {
		return err
	}
	n := note{run: "elsewhere", begun: begun, reason: "it failed", failure: remote.Failure(errNoAnswer, nil, "")}
	return st.put(ctx, st.noteSubject(id, sequence), n.headers(0), n.encode())
}

// Delivery returns what gives a job, as it is now, to the worker that is here, delivered by
// this acknowledgement.
func Delivery(ctx context.Context, c *Conn, id, ack string) (deliver func(), err error) {
	subject := c.jobs.subject("j", id)
	data, err := c.jobs.get(ctx, "jobs", subject)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	t := c.workers[0].taker
	c.mu.Unlock()
	return func() { t.got(message{subject: subject, reply: ack, data: data}) }, nil
}

// TakeAway has a job be gone, as if another worker had done it and no result were kept.
func TakeAway(ctx context.Context, c *Conn, id string) error {
	st := &c.jobs
	subject := st.subject("j", id)
	_, sequence, err := c.store.get(ctx, st.stream("jobs"), subject)
	if err != nil {
		return err
	}
	return c.store.purgeTo(ctx, st.stream("jobs"), subject, sequence)
}

// Notes returns how many notes about jobs there are.
func Notes(ctx context.Context, c *Conn) (n int, err error) {
	st := &c.jobs
	for from := uint64(1); ; n++ {
		r, err := c.store.api(ctx, "STREAM.MSG.GET."+st.stream("results"), natsproto.GetRequest{Next: st.subject("jn", ">"), From: from})
		if hasCode(err, natsproto.ErrNoMessage) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		from = r.Message.Sequence + 1
	}
}
