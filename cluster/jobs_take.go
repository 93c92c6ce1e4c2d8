package cluster

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A taker takes jobs for a worker: no more than there is room for. Each function has a
// consumer of its own. The taker asks one after the other for as many jobs as are there and
// as it has room for; those that have none will give one as soon as they have. When there
// is no room left it takes that back.
//
// All of it runs in callbacks of the connection and its timers, as calls do.
type taker struct {
	s  *worker
	st *jobStore

	mu      sync.Mutex
	sources []*source
	next    int       // whom to ask next
	asking  *source   // who is asked, or nil
	want    int       // how many jobs may still come from there
	asked   time.Time // since when
	soon    func()    // stops the timer that asks, nil if there is none

	asks   subscription
	about  subscription // to PREFIX.jx
	later  subscription // to jobs that are not there yet; nil while there is no room
	laters uint64
	lost   uint64 // how often the connection was, when it was looked at last

	running map[uint64]*jobRun
	newest  uint64                  // the number of the last of them
	early   map[jobNumber]time.Time // jobs that were canceled before they came
	ended   bool
	stop    func() // ends the ticking
}

// A jobNumber tells a job from others with the same ID, which its key gives them.
type jobNumber struct {
	id       string
	sequence uint64 // of its message in the stream of jobs
}

// A source is the consumer of a function's jobs.
type source struct {
	sign  signature
	name  string
	state sourceState
	since time.Time
}

type sourceState int

const (
	sourceHungry sourceState = iota // it may have jobs
	sourceLater                     // it will give one when it has
	sourceGone                      // it has to be made again
)

const (
	takePause    = time.Millisecond // for which a quarter of the room is waited for
	laterExpires = 10 * time.Second // how long a source keeps in mind that it is to give
	mostAsked    = 256              // jobs at once
	sourceUnused = 7 * 24 * time.Hour
)

func newTaker(s *worker) *taker {
	t := &taker{s: s, st: &s.c.jobs, running: map[uint64]*jobRun{}, early: map[jobNumber]time.Time{}}
	for _, f := range s.functions {
		name := strings.ReplaceAll(f.sign.token, ".", "-")
		t.sources = append(t.sources, &source{sign: f.sign, name: name})
	}
	slices.SortFunc(t.sources, func(a, b *source) int { return strings.Compare(a.name, b.name) })
	return t
}

// begin makes what is needed on the server, and begins to take.
func (t *taker) begin(ctx context.Context) error {
	if err := t.st.open(ctx); err != nil {
		return err
	}
	if err := t.makeSources(ctx); err != nil {
		return err
	}
	c := t.s.c
	t.mu.Lock()
	defer t.mu.Unlock()
	var err error
	if t.asks, err = c.bus.subscribe(c.cfg.Prefix+".ja."+t.s.id+".>", "", func(m message) { t.came(m, 0) }); err != nil {
		return err
	}
	if t.about, err = c.bus.subscribe(c.cfg.Prefix+".jx", "", t.told); err != nil {
		return err
	}
	t.lost = c.bus.reconnects()
	t.stop = c.bus.after(t.beat(), t.tick)
	t.take()
	return nil
}

// adjust takes jobs if there is room, and takes back what it has asked for if not.
func (t *taker) adjust() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.take()
}

// beat is how often the server hears that jobs run.
func (t *taker) beat() time.Duration { return t.s.c.cfg.Lost / 3 }

// take asks for jobs if there is room; if there is little, in a moment, as there may be more
// then. It needs taker.mu.
func (t *taker) take() {
	if t.ended || t.asks == nil {
		return
	}
	room := min(t.s.limiter.AvailableTokens(), mostAsked)
	if room <= 0 {
		t.full()
	}
	if room <= 0 || t.asking != nil || t.soon != nil {
		return
	}
	if room < min(t.s.limiter.TotalTokens(), mostAsked)/4 {
		t.soon = t.s.c.bus.after(takePause, t.askSoon)
		return
	}
	t.ask(room)
}

func (t *taker) askSoon() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.soon = nil
	if room := min(t.s.limiter.AvailableTokens(), mostAsked); room > 0 && t.asking == nil && !t.ended {
		t.ask(room)
	}
}

// ask asks the next source that may have jobs. It needs taker.mu.
func (t *taker) ask(room int) {
	for range t.sources {
		i := t.next % len(t.sources)
		t.next++
		if src := t.sources[i]; src.state == sourceHungry {
			t.asking, t.want, t.asked = src, room, t.s.c.bus.now()
			t.request(src, "ja."+t.s.id+"."+strconv.Itoa(i), fmt.Sprintf(`{"batch":%d,"no_wait":true}`, room))
			return
		}
	}
}

func (t *taker) request(src *source, inbox, what string) {
	t.s.c.send("$JS.API.CONSUMER.MSG.NEXT."+t.st.stream("jobs")+"."+src.name, t.s.c.cfg.Prefix+"."+inbox, []byte(what))
}

// full takes back what was asked for later. What is on its way still comes: it is handed
// back. It needs taker.mu.
func (t *taker) full() {
	if t.later == nil {
		return
	}
	t.later.leave(func() {})
	t.later = nil
	for _, src := range t.sources {
		if src.state == sourceLater {
			src.state = sourceHungry
		}
	}
}

// giveLater makes a source give a job when it has one. It needs taker.mu.
func (t *taker) giveLater(src *source) {
	if t.ended || t.s.limiter.AvailableTokens() <= 0 {
		return // it is asked again when there is room
	}
	inbox := "jp." + t.s.id + "."
	if t.later == nil {
		t.laters++
		n := t.laters
		sub, err := t.s.c.bus.subscribe(t.s.c.cfg.Prefix+"."+inbox+strconv.FormatUint(n, 36)+".>", "", func(m message) { t.came(m, n) })
		if err != nil {
			return
		}
		t.later = sub
	}
	src.state, src.since = sourceLater, t.s.c.bus.now()
	i := slices.Index(t.sources, src)
	t.request(src, inbox+strconv.FormatUint(t.laters, 36)+"."+strconv.Itoa(i), fmt.Sprintf(`{"batch":1,"expires":%d}`, laterExpires))
}

// came takes a job, or what a source says in place of one: when it is asked, or later, by
// the subscription of that number.
func (t *taker) came(m message, later uint64) {
	t.mu.Lock()
	switch {
	case m.status != "":
		t.said(m, later)
		t.mu.Unlock()
		return
	case later == 0:
		if t.want--; t.want == 0 {
			t.asking = nil
		}
	case later == t.laters:
		for _, src := range t.sources {
			if src.state == sourceLater && strings.HasPrefix(m.subject, t.st.subject("j", src.sign.token+".")) {
				src.state = sourceHungry
			}
		}
	}
	t.mu.Unlock()
	t.got(m)
	t.adjust()
}

// said takes what a source says in place of a job. It needs taker.mu.
func (t *taker) said(m message, later uint64) {
	i, err := strconv.Atoi(m.subject[strings.LastIndexByte(m.subject, '.')+1:])
	if err != nil || i >= len(t.sources) {
		return
	}
	src := t.sources[i]
	none := m.status == "404" || m.status == "408"
	switch {
	case !none:
		src.state = sourceGone // until it is mended
	case later == 0:
		t.giveLater(src)
	case later == t.laters && src.state == sourceLater: // it was too long
		src.state = sourceHungry
	}
	if later == 0 && t.asking == src {
		t.asking = nil
	}
	t.take()
}

// told takes a message about a job that may run here.
func (t *taker) told(m message) {
	kind, r := newReader(m.data)
	job := jobNumber{id: r.text()}
	if kind == kindCanceled {
		job.sequence = r.number()
	}
	if r.err != nil {
		return
	}
	var known []*jobRun
	t.mu.Lock()
	for _, j := range inOrder(t.running, cmp.Compare) {
		if j.job == job.id && (kind == kindWho || j.sequence == job.sequence) {
			known = append(known, j)
		}
	}
	if kind == kindCanceled && known == nil {
		t.early[job] = t.s.c.bus.now()
	}
	t.mu.Unlock()
	for _, j := range known {
		switch kind {
		case kindCanceled:
			j.end(endCancel, jobCanceled)
		case kindWho:
			w := newWriter(kindWho, 0)
			w.text(t.s.c.cfg.Name)
			w.number(uint64(j.attempt.Load()))
			t.s.c.send(m.reply, "", w)
		}
	}
}

// end takes no more jobs. It returns when those that have come are handed back.
func (t *taker) end(ctx context.Context) {
	t.mu.Lock()
	t.ended = true
	var leaving []subscription
	for _, sub := range []subscription{t.asks, t.later} {
		if sub != nil {
			leaving = append(leaving, sub)
		}
	}
	t.mu.Unlock()
	t.s.c.leave(ctx, leaving)
}

// close ends the rest, when nothing runs any more.
func (t *taker) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, stop := range []func(){t.stop, t.soon} {
		if stop != nil {
			stop()
		}
	}
	t.stop = nil
	if t.about != nil {
		t.about.drop()
	}
}
