package cluster

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster/internal/trees"
	"github.com/anyio-go/anyio/internal/remote"
	"github.com/anyio-go/anyio/lowlevel"
)

// What is asked by PREFIX.l, and the answers but that about a member, which is JSON.
const (
	askMember = 'm'
	askTree   = 't' // what do the tasks of your process do?

	tellTree   = 't' // packed
	tellNoTree = 'n' // for a reason
)

// looks are the questions that this member has asked about others.
type looks struct {
	c *Conn

	mu    sync.Mutex
	last  uint64
	open  map[uint64]*look
	known map[string]string // names of members that were there the last time, by ID
}

// A look gathers answers.
type look struct {
	n        uint64
	answered map[string]Member
	trees    map[string]trees.Tree // by the ID of the member that was asked
	silent   map[string]string     // names of those who were asked themselves, and are there
	awaited  map[string]bool       // who may still answer of those
	over     *anyio.Event          // they all have
}

func (ls *looks) begin(ctx context.Context) (*look, error) {
	if err := lowlevel.Enter(ctx); err != nil {
		return nil, err
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.open == nil {
		ls.open = map[uint64]*look{}
	}
	ls.last++
	l := &look{n: ls.last, answered: map[string]Member{}, trees: map[string]trees.Tree{}, silent: map[string]string{}, awaited: map[string]bool{}, over: new(anyio.Event)}
	ls.open[l.n] = l
	return l, nil
}

func (ls *looks) end(l *look) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.open, l.n)
}

// replyTo is the subject of an answer, of a certain member if that is to be known when it
// is not there.
func (ls *looks) replyTo(l *look, id string) string {
	s := ls.c.inbox + "l." + strconv.FormatUint(l.n, 36)
	if id != "" {
		s += "." + id
	}
	return s
}

// askEach asks some members themselves, and returns when all have answered that are there,
// or the time is up.
func (ls *looks) askEach(ctx context.Context, l *look, ids []string, what byte, wait time.Duration) error {
	if len(ids) == 0 {
		return nil
	}
	ls.mu.Lock()
	for _, id := range ids {
		l.awaited[id] = true
	}
	ls.mu.Unlock()
	for _, id := range ids {
		if err := ls.c.bus.publish(ls.c.cfg.Prefix+".l."+id, ls.replyTo(l, id), newWriter(what, 0)); err != nil {
			return fmt.Errorf("cluster: asking member %s: %w", id, err)
		}
	}
	_, err := anyio.MoveOnAfter(ctx, wait, l.over.Wait)
	return err
}

// told takes an answer.
func (ls *looks) told(rest string, m message) {
	number, id, _ := strings.Cut(rest, ".")
	n, err := strconv.ParseUint(number, 36, 64)
	if err != nil {
		return
	}
	var member Member
	var tree trees.Tree
	kind, r := newReader(m.data)
	switch {
	case m.nobody():
	case kind == tellTree:
		tree.JSON, tree.Err = unpack(r.rest)
	case kind == tellNoTree:
		tree.Err = errors.New(r.text())
	case json.Unmarshal(m.data, &member) != nil || member.ID == "":
		return
	}
	ls.mu.Lock()
	l := ls.open[n]
	if l == nil {
		ls.mu.Unlock()
		return
	}
	switch {
	case m.nobody():
		delete(l.silent, id)
	case member.ID != "":
		l.answered[member.ID] = member
	default:
		l.trees[id] = tree
	}
	delete(l.awaited, id)
	over := id != "" && len(l.awaited) == 0
	ls.mu.Unlock()
	if over {
		l.over.Set()
	}
}

// asked answers.
func (ls *looks) asked(m message) {
	switch kind, _ := newReader(m.data); kind {
	case askMember:
		if data := ls.c.describe(ls.c.bus.maxPayload()); data != nil {
			ls.c.send(m.reply, "", data)
		}
	case askTree:
		ls.c.send(m.reply, "", ls.tree())
	}
}

// tree takes as long as it takes to look at all tasks. The member does all else meanwhile,
// as the question comes by a subscription of its own.
func (ls *looks) tree() []byte {
	refuse := func(why string) []byte {
		w := newWriter(tellNoTree, len(why))
		w.text(why)
		return w
	}
	if _, ok := ls.c.bus.(*natsBus); !ok {
		return refuse("cluster: trees of tasks in a simulation: " + errors.ErrUnsupported.Error())
	}
	if remote.Snapshot == nil {
		return refuse("the program does not import package inspect")
	}
	data, err := remote.Snapshot()
	if err != nil {
		return refuse(err.Error())
	}
	b := bytes.NewBuffer(newWriter(tellTree, len(data)/8))
	z := gzip.NewWriter(b)
	if _, err := z.Write(data); err != nil {
		return refuse(err.Error())
	}
	if err := z.Close(); err != nil {
		return refuse(err.Error())
	}
	if most := ls.c.bus.maxPayload(); b.Len() > most {
		return refuse(fmt.Sprintf("the tree of tasks has %d bytes; the server takes messages of %d", b.Len(), most))
	}
	return b.Bytes()
}

// mostUnpacked is how much a tree may become.
const mostUnpacked = 1 << 30

func unpack(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, mostUnpacked))
}

func init() {
	trees.Ask = func(ctx context.Context, conn any, ids []string, wait time.Duration) (map[string]trees.Tree, error) {
		ls := &conn.(*Conn).looks
		l, err := ls.begin(ctx)
		if err != nil {
			return nil, err
		}
		defer ls.end(l)
		if err := ls.askEach(ctx, l, ids, askTree, wait); err != nil {
			return nil, err
		}
		ls.mu.Lock()
		defer ls.mu.Unlock()
		return l.trees, nil
	}
}
