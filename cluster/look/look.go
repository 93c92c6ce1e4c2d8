// Package look shows the tasks of all members of a cluster as one tree over machines: below
// a task that waits for a call or a job is the one that does it, and what that waits for.
//
//	s, err := look.Take(ctx, c, time.Second)
//	s.WriteTo(os.Stdout)
//
// The command anyio-cluster does so. It tells the tasks of programs that import package
// inspect, which a look stops for a moment; of others it tells their calls.
//
// # Limitations
//
// Processes are looked at one after the other, so a call may be over at one end and not yet
// at the other. The tree of a process is one message, packed: that of some ten thousand tasks
// is too long for a server's default of 1 MiB. In a simulation there are no trees, as all
// members are one process.
package look

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/cluster/internal/trees"
	"github.com/anyio-go/anyio/inspect"
)

// A Snapshot is what the members of a cluster did when it was taken.
type Snapshot struct {
	Members   []cluster.Member
	Processes []Process // of the members that have answered
}

// A Process is one with members.
type Process struct {
	Members []string          // their IDs
	Tree    *inspect.Snapshot // nil if its tasks are not known
	Unknown string            `json:",omitempty"` // why not
}

// Take asks all members what they do, and then each process for its tasks. It returns what
// those have said that have answered, each time within wait; see cluster.Conn.Members.
// Cancellation: nothing is returned.
func Take(ctx context.Context, c *cluster.Conn, wait time.Duration) (*Snapshot, error) {
	members, err := c.Members(ctx, wait)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{Members: members}
	places := map[string]int{}
	var ask []string // a member of each process
	for _, m := range members {
		if m.Silent {
			continue
		}
		i, ok := places[m.Process]
		if !ok || m.Process == "" {
			i = len(s.Processes)
			places[m.Process] = i
			s.Processes = append(s.Processes, Process{})
			ask = append(ask, m.ID)
		}
		s.Processes[i].Members = append(s.Processes[i].Members, m.ID)
	}
	answers, err := trees.Ask(ctx, c, ask, wait)
	if err != nil {
		return nil, err
	}
	for i, id := range ask {
		s.Processes[i].read(answers, id, wait)
	}
	return s, nil
}

// read takes the answer of one of the members.
func (p *Process) read(answers map[string]trees.Tree, id string, wait time.Duration) {
	answer, ok := answers[id]
	tree := &inspect.Snapshot{}
	switch {
	case !ok:
		p.Unknown = fmt.Sprintf("no answer within %v", wait)
	case answer.Err != nil:
		p.Unknown = answer.Err.Error()
	default:
		if err := json.Unmarshal(answer.JSON, tree); err != nil {
			p.Unknown = "its answer cannot be read: " + err.Error()
		} else {
			p.Tree = tree
		}
	}
}

// member returns the member of an ID, nil if it is not known.
func (s *Snapshot) member(id string) *cluster.Member {
	if i := slices.IndexFunc(s.Members, func(m cluster.Member) bool { return m.ID == id }); i >= 0 {
		return &s.Members[i]
	}
	return nil
}

// Without leaves a member out, such as the one that has asked.
func (s *Snapshot) Without(id string) {
	s.Members = slices.DeleteFunc(s.Members, func(m cluster.Member) bool { return m.ID == id })
	for i := range s.Processes {
		p := &s.Processes[i]
		p.Members = slices.DeleteFunc(p.Members, func(m string) bool { return m == id })
	}
	s.Processes = slices.DeleteFunc(s.Processes, func(p Process) bool { return len(p.Members) == 0 })
}
