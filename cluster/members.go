package cluster

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
)

// A Member tells what a member of a cluster did when it was asked, see Conn.Members.
type Member struct {
	ID   string // see Conn.ID
	Name string // see Config.Name

	// Silent is a member that is there, as far as the server and others know, but has not
	// answered: its process is suspended, or the network is slow. The rest is not known.
	Silent bool `json:",omitempty"`

	Host    string // its name; "" in a simulation
	PID     int
	Program string // the file's name
	Process string // tells its process from others: its members have the same

	Workers []WorkerInfo // it has one for each Work that goes on
	Calls   []CallInfo   // that it makes, and jobs for whose ends it waits
	Running []CallInfo   // calls and jobs that its workers run
	More    int          // how many more calls there are than are told
	Streams int          // how many ends of streams it has that are open
	Held    []HeldInfo   // locks and slots of semaphores

	Statistics Statistics
}

// A CallInfo tells of a call, of a job that runs, or of a wait for a job, by Job.Await. It
// has no arguments in it.
type CallInfo struct {
	Function string
	Caller   string `json:",omitempty"` // the ID of the member that calls, or waits; "" for a job that runs
	Number   uint64 `json:",omitempty"` // tells it from other calls of that member; 0 while it waits for room
	Job      string `json:",omitempty"` // the ID of the job, "" for a call
	Attempt  int    `json:",omitempty"` // of a job that a worker has

	// Worker is the ID of the member that runs it, "" while the call waits until a worker has
	// room, while no worker has the job, or while that is not known.
	Worker     string `json:",omitempty"`
	WorkerName string `json:",omitempty"`
	Waits      bool   `json:",omitempty"` // for room

	Task     TaskRef        // of the member, which waits for the call, or runs it
	For      time.Duration  // for how long
	Deadline *time.Duration `json:",omitempty"` // how long it has until its deadline; nil if it has none
	Ending   string         `json:",omitempty"` // why it was canceled, or asked to end; "" if it was not
}

// A TaskRef names a task of a process. It can be converted into an inspect.Ref.
type TaskRef struct{ Run, Task uint64 }

// A HeldInfo tells of a lock or a slot of a semaphore that a member holds.
type HeldInfo struct {
	Name  string
	Slots int           // of the semaphore, 1 for a lock
	Token uint64        // see Permit.Token
	Left  time.Duration // of the lease, if it is not renewed
}

// Members asks all members of the cluster, workers and callers, what they do, and returns
// what those that have answered within wait have said, by name; the member that asks is
// among them. If others tell of members that have not answered, these are asked once more,
// for as long; those that the server still knows are then listed as silent.
//
// A member of which nobody knows, as it has no calls and was not there when this member has
// asked before, cannot be missed. No arguments and results are told.
func (c *Conn) Members(ctx context.Context, wait time.Duration) ([]Member, error) {
	if wait <= 0 {
		return nil, misuse("Members with a wait of %v: want how long members have to answer, such as a second", wait)
	}
	l, err := c.looks.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer c.looks.end(l)
	if err := c.bus.publish(c.cfg.Prefix+".l", c.looks.replyTo(l, ""), newWriter(askMember, 0)); err != nil {
		return nil, fmt.Errorf("cluster: asking for members: %w", err)
	}
	if err := anyio.Sleep(ctx, wait); err != nil {
		return nil, err
	}
	if err := c.looks.askEach(ctx, l, c.looks.missed(l), askMember, wait); err != nil {
		return nil, err
	}
	list := c.looks.members(l)
	if !slices.ContainsFunc(list, func(m Member) bool { return !m.Silent }) {
		return nil, fmt.Errorf("cluster: no member has answered within %v, nor has this one: the server cannot be reached", wait)
	}
	return list, nil
}

// missed are members of which others, or this one, know, and which have not answered.
func (ls *looks) missed(l *look) (ids []string) {
	c := ls.c
	names := map[string]string{}
	c.mu.Lock()
	for id := range c.peers {
		names[id] = ""
	}
	c.mu.Unlock()
	c.directory.mu.Lock()
	for _, w := range c.directory.list {
		id, _, _ := strings.Cut(w.ID, ".")
		names[id] = w.Name
	}
	c.directory.mu.Unlock()
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for id, name := range ls.known {
		names[id] = cmp.Or(names[id], name)
	}
	for _, m := range l.answered {
		for _, call := range append(m.Calls, m.Running...) {
			names[call.Caller] = cmp.Or(names[call.Caller], "")
			names[call.Worker] = cmp.Or(names[call.Worker], call.WorkerName)
		}
	}
	for id, name := range names {
		if _, ok := l.answered[id]; !ok && id != "" {
			l.silent[id] = name
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// members is the list in the end.
func (ls *looks) members(l *look) (list []Member) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.known = map[string]string{}
	for _, m := range l.answered {
		list = append(list, m)
	}
	for id, name := range l.silent {
		if _, ok := l.answered[id]; !ok {
			list = append(list, Member{ID: id, Name: name, Silent: true})
		}
	}
	for _, m := range list {
		ls.known[m.ID] = m.Name
	}
	findWorkers(list)
	slices.SortFunc(list, func(a, b Member) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return list
}

// findWorkers tells of calls and jobs where they run, as far as those who wait did not know.
func findWorkers(list []Member) {
	calls, jobs := map[callID]CallInfo{}, map[string]CallInfo{}
	for _, m := range list {
		for _, call := range m.Running {
			if call.Job != "" {
				jobs[call.Job] = call
			} else {
				calls[callID{call.Caller, call.Number}] = call
			}
		}
	}
	for _, m := range list {
		for i, call := range m.Calls {
			at, ok := jobs[call.Job]
			if !ok {
				at, ok = calls[callID{m.ID, call.Number}]
			}
			if ok {
				m.Calls[i].Worker, m.Calls[i].WorkerName, m.Calls[i].Attempt = at.Worker, at.WorkerName, at.Attempt
			}
		}
	}
}
