package cluster

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster/internal/natsproto"
)

// makeSources makes the consumers, unless they are there.
func (t *taker) makeSources(ctx context.Context) error {
	stream := t.st.stream("jobs")
	for _, src := range t.sources {
		_, err := t.s.c.store.api(ctx, "CONSUMER.CREATE."+stream+"."+src.name, natsproto.ConsumerRequest{Stream: stream, Config: natsproto.ConsumerConfig{
			Durable: src.name, Filter: t.st.subject("j", src.sign.token+".*"),
			DeliverPolicy: "all", ReplayPolicy: "instant",
			AckPolicy: "explicit", AckWait: t.s.c.cfg.Lost,
			MaxDeliver: -1, MaxAckPending: -1, MaxWaiting: 1 << 14, Unused: sourceUnused,
		}})
		if anyio.IsCancellation(err) {
			return err
		}
		if err != nil {
			return fmt.Errorf("cluster: a queue for jobs of %q: %w", src.sign.name, err)
		}
	}
	return nil
}

// tick tells the server of the jobs that run, and asks again for what was not answered.
func (t *taker) tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stop == nil {
		return
	}
	for _, j := range inOrder(t.running, cmp.Compare) {
		t.s.c.send(j.ack, "", []byte("+WPI"))
	}
	now := t.s.c.bus.now()
	for job, came := range t.early {
		if now.Sub(came) > t.s.c.cfg.Lost {
			delete(t.early, job)
		}
	}
	reconnects := t.s.c.bus.reconnects()
	if reconnects != t.lost || t.asking != nil && now.Sub(t.asked) > t.s.c.cfg.Lost {
		t.asking = nil
	}
	for _, src := range t.sources {
		if src.state == sourceLater && (reconnects != t.lost || now.Sub(src.since) > laterExpires+t.s.c.cfg.Lost) {
			src.state = sourceHungry
		}
	}
	t.lost = reconnects
	t.take()
	t.stop = t.s.c.bus.after(t.beat(), t.tick)
}

// mind looks after what tasks have to: it makes sources again that are gone, and ends jobs
// that run here and are over elsewhere.
func (t *taker) mind(ctx context.Context) error {
	for {
		if err := anyio.Sleep(ctx, t.beat()); err != nil {
			return err
		}
		if err := t.mend(ctx); anyio.IsCancellation(err) {
			return err
		}
		if err := t.endThoseOver(ctx); anyio.IsCancellation(err) {
			return err
		}
	}
}

// mend makes the sources again if one is gone.
func (t *taker) mend(ctx context.Context) error {
	t.mu.Lock()
	gone := slices.ContainsFunc(t.sources, func(src *source) bool { return src.state == sourceGone })
	t.mu.Unlock()
	if !gone {
		return nil
	}
	if err := t.st.reopen(ctx); err != nil {
		return err
	}
	if err := t.makeSources(ctx); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, src := range t.sources {
		src.state = sourceHungry
	}
	t.full()
	t.take()
	return nil
}

// endThoseOver looks whether jobs that run here are over: canceled, or done by another
// worker, as this one was taken for lost.
func (t *taker) endThoseOver(ctx context.Context) error {
	t.mu.Lock()
	var old []*jobRun
	for _, j := range inOrder(t.running, cmp.Compare) {
		if t.s.c.bus.now().Sub(j.came) > t.beat() {
			old = append(old, j)
		}
	}
	t.mu.Unlock()
	for _, j := range old {
		result, err := t.st.get(ctx, "results", t.st.subject("jr", j.job))
		if err != nil {
			return err
		}
		if result != nil || t.overtaken(ctx, j) { // of those that are gone the result need not be kept
			j.end(endCancel, "the job is over")
		}
	}
	return nil
}
