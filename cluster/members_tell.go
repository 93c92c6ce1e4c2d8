package cluster

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// mostTold is how many calls of each direction a member tells of.
const mostTold = 1000

// thisProcess are what members say of their process.
var thisProcess = sync.OnceValue(func() (m Member) {
	m.Host, _ = os.Hostname()
	m.PID, m.Process = os.Getpid(), rand.Text()
	if name, err := os.Executable(); err == nil {
		m.Program = filepath.Base(name)
	}
	return m
})

// describe tells of this member in a message of at most so many bytes.
func (c *Conn) describe(most int) []byte {
	m := Member{}
	if _, ok := c.bus.(*natsBus); ok { // what it says in a simulation is the same each time
		m = thisProcess()
	}
	m.ID, m.Name, m.Statistics = c.id, c.cfg.Name, c.Statistics()
	c.mu.Lock()
	workers := slices.Clone(c.workers)
	c.mu.Unlock()
	for _, w := range workers {
		m.Workers = append(m.Workers, w.info())
	}
	sent, moreSent := c.callsNow()
	waiting, moreWaiting := c.room.waiting()
	jobs, moreJobs := c.jobs.waiting()
	m.Calls, m.More = slices.Concat(sent, waiting, jobs), moreSent+moreWaiting+moreJobs
	m.Running = c.runningNow(workers)
	m.Streams, m.Held = len(c.links.all()), c.leases.held()
	for limit := mostTold; ; limit /= 2 {
		m.cut(limit)
		data, err := json.Marshal(m)
		if err != nil {
			return nil
		}
		if len(data) <= most || limit == 0 {
			return data
		}
	}
}

// cut leaves out what goes beyond a limit: those calls that came last.
func (m *Member) cut(limit int) {
	for _, list := range []*[]CallInfo{&m.Calls, &m.Running} {
		if over := len(*list) - limit; over > 0 {
			*list, m.More = (*list)[:limit], m.More+over
		}
	}
}

// left is how long there is until a deadline, nil without one.
func left(deadline, now time.Time) *time.Duration {
	if deadline.IsZero() {
		return nil
	}
	d := deadline.Sub(now)
	return &d
}

func refOf(t *kernel.Task) (ref TaskRef) {
	if t != nil {
		ref = TaskRef{t.Scope.Run().Whole().Birth().Number, t.ID()}
	}
	return ref
}

// callsNow are the oldest calls that were sent, and how many more there are. Others go on
// while these are found.
func (c *Conn) callsNow() (list []CallInfo, more int) {
	now := c.bus.now()
	c.mu.Lock()
	numbers := slices.Collect(maps.Keys(c.calls))
	c.mu.Unlock()
	slices.Sort(numbers)
	more = max(len(numbers)-mostTold, 0)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range numbers[:len(numbers)-more] {
		cl := c.calls[n]
		if cl == nil { // it is over by now
			continue
		}
		info := CallInfo{
			Function: cl.place.function, Caller: c.id, Number: cl.n, Worker: cl.worker, WorkerName: cl.workerName,
			Task: refOf(cl.place.task), For: now.Sub(cl.place.came), Deadline: left(cl.deadline, now),
		}
		switch cl.ending {
		case endStop:
			info.Ending = "asked to end"
		case endCancel:
			info.Ending = "canceled"
		}
		list = append(list, info)
	}
	return list, more
}

// waiting are calls that wait for room, and how many more there are.
func (r *room) waiting() (list []CallInfo, more int) {
	now := r.c.bus.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range inOrder(r.queues, strings.Compare) {
		told := q.places[:min(len(q.places), mostTold-len(list))]
		more += len(q.places) - len(told)
		for _, p := range told {
			list = append(list, CallInfo{
				Function: p.function, Caller: r.c.id, Waits: true,
				Task: refOf(p.task), For: now.Sub(p.came), Deadline: left(p.deadline, now),
			})
		}
	}
	return list, more
}

// runningNow are the calls and jobs that run here.
func (c *Conn) runningNow(workers []*worker) (list []CallInfo) {
	now := c.bus.now()
	c.mu.Lock()
	for _, id := range slices.SortedFunc(maps.Keys(c.running), callID.compare) {
		info := c.running[id].info(c, now)
		info.Caller, info.Number = id.caller, id.n
		list = append(list, info)
	}
	c.mu.Unlock()
	for _, w := range workers {
		if w.taker != nil {
			list = append(list, w.taker.runningNow(now)...)
		}
	}
	return list
}

func (t *taker) runningNow(now time.Time) (list []CallInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, j := range t.running {
		info := j.info(t.s.c, now)
		info.Job, info.Attempt = j.job, int(j.attempt.Load())
		list = append(list, info)
	}
	slices.SortFunc(list, func(a, b CallInfo) int { return strings.Compare(a.Job, b.Job) })
	return list
}

func (r *running) info(c *Conn, now time.Time) CallInfo {
	r.mu.Lock()
	defer r.mu.Unlock()
	info := CallInfo{
		Function: r.function, Worker: c.id, WorkerName: c.cfg.Name,
		Task: refOf(r.task), For: now.Sub(r.began), Deadline: left(r.deadline, now),
	}
	switch {
	case r.ending == endStop:
		info.Ending = "asked to end: " + r.reason
	case r.ending != 0:
		info.Ending = "canceled: " + r.reason
	}
	return info
}

// held are the permits of this member.
func (ls *leases) held() (list []HeldInfo) {
	ls.mu.Lock()
	permits := slices.Collect(maps.Values(ls.permits))
	ls.mu.Unlock()
	for _, p := range permits {
		p.mu.Lock()
		if !p.over {
			list = append(list, HeldInfo{p.s.name, p.s.size, p.token, p.until.Sub(ls.c.bus.now())})
		}
		p.mu.Unlock()
	}
	slices.SortFunc(list, func(a, b HeldInfo) int { return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Token, b.Token)) })
	return list
}
