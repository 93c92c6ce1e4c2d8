package cluster

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/anyio-go/anyio"
)

// The kinds of messages to PREFIX.c.CONN.s. Each begins with a linkID.
const (
	linkOpen      = 'o' // open the other end: number of the stream, who sends it, items it may send
	linkAccepted  = 'a' // it is open, and so many items may be sent
	linkRefused   = 'n' // it is not, for a reason
	linkWithdrawn = 'w' // who has asked for it has gone meanwhile
	linkItem      = 'i' // number of items before it, the item
	linkGrant     = 'g' // number of items that may be sent, from the beginning
	linkEnd       = 'e' // number of items that were sent: there are no more
	linkBroken    = 'b' // for a reason
)

// itemHead is the most that a message has in front of an item.
const itemHead = 64

var (
	errReceiverClosed = errors.New("the receiving end was closed")
	errWithdrawn      = errors.New("who has opened the receiving end was canceled")
	errNoMember       = errors.New("the member that has made the stream is not there")
	errLinkLost       = errors.New("the member with the other end does not answer any more: its process, its machine or the network is gone")
	errLinkForgotten  = errors.New("the member with the other end knows nothing of it: it has closed it, and the message was lost")
)

// A linkID tells a link from others, at the end where it is known by that.
type linkID struct {
	opener string // the member that has opened it
	n      uint64 // its number there
	made   bool   // this end is that of the member that has made the stream
}

func (id linkID) other() linkID { return linkID{id.opener, id.n, !id.made} }

func (w *writer) link(id linkID) {
	w.text(id.opener)
	n := id.n << 1
	if id.made {
		n |= 1
	}
	w.number(n)
}

func (r *reader) link() linkID {
	opener, n := r.text(), r.number()
	return linkID{opener, n >> 1, n&1 == 1}
}

// An endpoint is an end of a stream: a sender, or a receiver.
type endpoint interface {
	// join takes a link to the other end, and returns how many items may come from there.
	join(l *link) (granted int, refusal string)
	// told takes the position of the other end.
	told(l *link, position uint64)
	// heard takes another message of the other end.
	heard(l *link, kind byte, r *reader)
	// breaks ends the stream with an error.
	breaks(l *link, cause error)
	why() error
	close(ctx context.Context)
}

// A link joins two ends of a stream. Each member that has one of them has one of these.
type link struct {
	c        *Conn
	id       linkID
	peer     string
	end      endpoint
	position atomic.Uint64 // how many items were sent, or may have been, for the heartbeat
	told     atomic.Bool   // the other member has heard of it, or will before the heartbeat
	opened   anyio.Event   // it is known whether it is
}

func (l *link) subject() string { return l.c.cfg.Prefix + ".c." + l.peer + ".s" }

// message begins a message to the other end.
func (l *link) message(kind byte, size int) writer {
	w := newWriter(kind, size+len(l.id.opener)+itemHead)
	w.link(l.id.other())
	return w
}

// links are the ends of streams that a member has. Who has mu takes no lock of an end.
type links struct {
	c *Conn

	mu     sync.Mutex
	closed bool
	last   uint64
	offers map[uint64]endpoint // that others may open
	byID   map[linkID]*link
}

// offer makes an end known, to be opened under the number, which the end needs before.
func (ls *links) offer(e endpoint, number *uint64) error {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.closed {
		return errClosed("the connection")
	}
	ls.last++
	*number = ls.last
	ls.offers[ls.last] = e
	return nil
}

// add makes a link, and has the heartbeat look after it.
func (ls *links) add(id linkID, peer string, end endpoint) (*link, error) {
	l := &link{c: ls.c, id: id, peer: peer, end: end}
	l.told.Store(id.made)
	ls.mu.Lock()
	if ls.closed {
		ls.mu.Unlock()
		return nil, errClosed("the connection")
	}
	if id.n == 0 {
		ls.last++
		l.id.n = ls.last
	}
	ls.byID[l.id] = l
	ls.mu.Unlock()
	return l, nil
}

// watch has the heartbeat go on.
func (ls *links) watch() {
	ls.c.mu.Lock()
	defer ls.c.mu.Unlock()
	ls.c.beatLocked()
}

func (ls *links) forget(offer uint64, l *link) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.offers, offer)
	if l != nil && ls.byID[l.id] == l {
		delete(ls.byID, l.id)
	}
}

// open joins an end to one of another member.
func (ls *links) open(ctx context.Context, end endpoint, member string, n uint64, granted int) error {
	l, err := ls.add(linkID{opener: ls.c.id}, member, end)
	if err != nil {
		end.close(ctx)
		return err
	}
	end.join(l)
	w := l.message(linkOpen, 0)
	w.number(n)
	w.number(uint64(granted))
	if err := ls.c.bus.publish(l.subject(), ls.c.inbox+"n."+strconv.FormatUint(l.id.n, 36), w); err != nil {
		l.breaks(err)
	}
	l.told.Store(true)
	ls.watch()
	if err = l.opened.Wait(ctx); err == nil {
		err = end.why()
	} else {
		ls.c.send(l.subject(), "", l.message(linkWithdrawn, 0))
		end.breaks(l, err)
	}
	if err != nil {
		end.close(ctx)
	}
	return err
}

// receive takes a message about a link.
func (ls *links) receive(m message) {
	kind, r := newReader(m.data)
	id := r.link()
	if r.err != nil {
		return
	}
	if kind == linkOpen {
		ls.opened(id, r)
		return
	}
	ls.mu.Lock()
	l, closed := ls.byID[id], ls.closed
	ls.mu.Unlock()
	if l == nil || closed { // what comes then answers what close has told
		return
	}
	switch kind {
	case linkAccepted:
		if granted := r.number(); granted > 0 {
			l.end.told(l, granted)
		}
		l.opened.Set()
	case linkGrant:
		l.end.told(l, r.number())
	case linkRefused, linkBroken:
		l.breaks(errors.New(r.text()))
	default:
		l.end.heard(l, kind, r)
	}
}

func (l *link) breaks(cause error) {
	l.end.breaks(l, cause)
	l.opened.Set()
}

// opened joins an end of this member to one that another has opened.
func (ls *links) opened(id linkID, r *reader) {
	n, allowed := r.number(), r.number()
	ls.mu.Lock()
	end := ls.offers[n]
	ls.mu.Unlock()
	l := &link{c: ls.c, id: id, peer: id.opener}
	refuse := func(why string) {
		w := l.message(linkRefused, len(why))
		w.text("the stream cannot be opened: " + why)
		ls.c.send(l.subject(), "", w)
	}
	if end == nil {
		refuse("it is over, or there was none")
		return
	}
	l, err := ls.add(id, id.opener, end)
	if err != nil {
		return
	}
	granted, refusal := end.join(l)
	if refusal != "" {
		ls.forget(0, l)
		refuse(refusal)
		return
	}
	w := l.message(linkAccepted, 0)
	w.number(uint64(granted))
	ls.c.send(l.subject(), "", w)
	if allowed > 0 {
		end.told(l, allowed)
	}
	ls.watch()
}

// nobody takes that there is no such member.
func (ls *links) nobody(rest string, m message) {
	n, err := strconv.ParseUint(rest, 36, 64)
	ls.mu.Lock()
	l := ls.byID[linkID{opener: ls.c.id, n: n}]
	ls.mu.Unlock()
	if err == nil && m.nobody() && l != nil {
		l.breaks(errNoMember)
	}
}
