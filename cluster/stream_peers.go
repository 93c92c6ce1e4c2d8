package cluster

import "maps"

// A linkState tells a member of a link to an end of it, and how far it has come there.
type linkState struct {
	id       linkID
	position uint64
}

// ask adds to the questions to others what concerns links.
func (ls *links) ask(to func(id string) *ping) (n int) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for id, l := range ls.byID {
		if !l.told.Load() {
			continue
		}
		p := to(l.peer)
		p.links = append(p.links, linkState{id.other(), l.position.Load()})
	}
	return len(ls.byID)
}

// asked takes such a question, and returns those that are not known here.
func (ls *links) asked(states []linkState) (unknown []linkState) {
	for _, st := range states {
		ls.mu.Lock()
		l := ls.byID[st.id]
		ls.mu.Unlock()
		if l == nil {
			unknown = append(unknown, linkState{id: st.id.other()})
		} else {
			l.end.told(l, st.position)
		}
	}
	return unknown
}

// answered takes the links that a member does not know.
func (ls *links) answered(member string, unknown []linkState) {
	for _, st := range unknown {
		ls.mu.Lock()
		l := ls.byID[st.id]
		ls.mu.Unlock()
		if l != nil && l.peer == member {
			l.breaks(errLinkForgotten)
		}
	}
}

// lost breaks the links to a member.
func (ls *links) lost(member string) {
	for _, l := range ls.all() {
		if l.peer == member {
			l.breaks(errLinkLost)
		}
	}
}

// close breaks all links.
func (ls *links) close() {
	ls.mu.Lock()
	ls.closed = true
	offers := maps.Clone(ls.offers)
	ls.mu.Unlock()
	cause := errClosed("the connection")
	for _, l := range ls.all() {
		w := l.message(linkBroken, 0)
		w.text("the member with the other end has left the cluster")
		ls.c.send(l.subject(), "", w)
		l.breaks(cause)
	}
	for _, e := range offers {
		e.breaks(nil, cause)
	}
}

func (ls *links) all() []*link {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	all := make([]*link, 0, len(ls.byID))
	for _, l := range ls.byID {
		all = append(all, l)
	}
	return all
}

func (w *writer) states(list []linkState) {
	w.number(uint64(len(list)))
	for _, st := range list {
		w.link(st.id)
		w.number(st.position)
	}
}

func (r *reader) states() (list []linkState) {
	for n := r.number(); n > 0 && r.err == nil; n-- {
		list = append(list, linkState{r.link(), r.number()})
	}
	return list
}
