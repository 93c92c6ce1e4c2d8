package cluster

import (
	"encoding/binary"
	"errors"
	"time"
)

// What members send each other, by the last parts of the subject. PREFIX is Config.Prefix,
// CONN a member, N the number of a call of it.
//
//	PREFIX.f.NAME.TYPES   a call of a function, for any worker with room
//	PREFIX.w.CONN.K       a call for this worker; its reply is the caller's PREFIX.c.CONN.r.N
//	PREFIX.c.CONN.r.N     of the call N: how it goes, and how it ended
//	PREFIX.c.CONN.x       to a worker: end these calls
//	PREFIX.x              to all workers: the same, as the caller does not know who has them
//	PREFIX.c.CONN.s       about an end of a stream that the member has
//	PREFIX.c.CONN.n.N     there is no member with the stream that was to be opened
//	PREFIX.c.CONN.p       are you there, and do you know of these calls and streams?
//	PREFIX.c.CONN.q       the answer
//	PREFIX.d              to all workers: who are you?
//	PREFIX.l              to all members: who are you, and what do you do?
//	PREFIX.l.CONN         the same to one, or: what do your tasks do?
//	PREFIX.free           to all callers: a worker has room for so many calls
//
// Of jobs, with JOB = NAME.TYPES.RANDOM or NAME.TYPES.kKEY:
//
//	PREFIX.j.JOB          a job, in the stream PREFIX-jobs until it is over
//	PREFIX.jr.JOB         how it has ended, in the stream PREFIX-results; the first counts
//	PREFIX.jn.JOB.N       a note about attempts that have begun of the job whose message has
//	                      this number, in the same stream
//	PREFIX.jh.JOB         how it has ended, told by the server when that is stored
//	PREFIX.jd.JOB         a dead letter, in the stream PREFIX-dead
//	PREFIX.jx             to all workers: a job is canceled, or who runs it?
//	PREFIX.ja.CONN.K.F    what a worker is given that asks for jobs of its function F
//	PREFIX.jp.CONN.K.N.F  what it is given later, as there were none
//	PREFIX.c.CONN.a.N     the answer of the server to the question N

// version is the first byte of all messages.
const version = 1

// The kinds of messages about a call.
const (
	kindAccepted = 'a' // by the worker that is named
	kindValue    = 'v'
	kindFailure  = 'f' // an error or a panic of the function
	kindRefused  = 'r' // it was not called, for a reason
	kindBusy     = 'b' // it was not called, as there is no room
	kindCanceled = 'c' // it was canceled, as the caller has asked for
	kindStopped  = 's' // it was canceled, as the worker ends
	kindGivenUp  = 'l' // it was canceled, as the caller was taken for lost

	kindsOfAnswers = "vfrbcsl"
)

// What is asked of the calls in a message to PREFIX.c.CONN.x.
const (
	endCancel = 'c'
	endStop   = 's' // end by yourself

	endLost = 'l' // nobody asks, and nobody waits any more
)

var errGarbage = errors.New("what came is no message of this package, or of another version of it")

// A writer makes a message.
type writer []byte

func newWriter(kind byte, size int) writer { return append(make(writer, 0, size+16), version, kind) }

// set makes it another message.
func (w *writer) set(kind byte, data []byte) {
	*w = append(append((*w)[:0], version, kind), data...)
}

func (w *writer) number(n uint64) { *w = binary.AppendUvarint(*w, n) }

func (w *writer) text(s string) {
	w.number(uint64(len(s)))
	*w = append(*w, s...)
}

func (w *writer) numbers(list []uint64) {
	w.number(uint64(len(list)))
	for _, n := range list {
		w.number(n)
	}
}

// A reader reads one. After the first failure it returns zeros, and err says so.
type reader struct {
	rest []byte
	err  error
}

// newReader returns the kind of a message and what reads the rest.
func newReader(data []byte) (kind byte, r *reader) {
	if len(data) < 2 || data[0] != version {
		return 0, &reader{err: errGarbage}
	}
	return data[1], &reader{rest: data[2:]}
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) fail() { r.rest, r.err = nil, errGarbage }

func (r *reader) text() string {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.fail()
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

func (r *reader) numbers() []uint64 {
	n := r.number()
	if n > uint64(len(r.rest)) { // each takes a byte at least
		r.fail()
		return nil
	}
	list := make([]uint64, n)
	for i := range list {
		list[i] = r.number()
	}
	return list
}

// A request is a call on its way.
type request struct {
	function  string
	types     uint32        // signature.hash
	remaining time.Duration // until its deadline; negative if it has none
	codec     string
	carried   map[string]string
	argument  []byte

	// What follows does not travel.
	unread error       // why carried could not be read
	again  *retryError // what the function has returned, if it was that
}

func (q *request) encode() []byte {
	w := newWriter('q', len(q.function)+len(q.argument))
	w.text(q.function)
	w.number(uint64(q.types))
	w.number(uint64(max(q.remaining+1, 0)))
	w.text(q.codec)
	w.number(uint64(len(q.carried)))
	for k, v := range q.carried {
		w.text(k)
		w.text(v)
	}
	return append(w, q.argument...)
}

func decodeRequest(data []byte) (*request, error) {
	kind, r := newReader(data)
	if kind != 'q' {
		return nil, errGarbage
	}
	q := &request{function: r.text(), types: uint32(r.number()), remaining: time.Duration(r.number()) - 1, codec: r.text()}
	for n := r.number(); n > 0 && r.err == nil; n-- {
		if q.carried == nil {
			q.carried = make(map[string]string)
		}
		k := r.text()
		q.carried[k] = r.text()
	}
	q.argument = r.rest
	return q, r.err
}

// A ping lists calls and streams. Who gets it answers with those that he knows nothing of.
type ping struct {
	from    string   // who asks
	running []uint64 // calls of the one who is asked, which run here
	waiting []uint64 // calls that the one who is asked is said to run
	links   []linkState
}

// A ping lists so many calls and streams, so that it is a small message.
const (
	mostNumbers = 8000
	mostLinks   = 2000
)

// parts are several pings of which none lists too much.
func (p *ping) parts() (parts []*ping) {
	for running, waiting, links := p.running, p.waiting, p.links; ; {
		r, w, l := min(len(running), mostNumbers), min(len(waiting), mostNumbers), min(len(links), mostLinks)
		parts = append(parts, &ping{from: p.from, running: running[:r], waiting: waiting[:w], links: links[:l]})
		running, waiting, links = running[r:], waiting[w:], links[l:]
		if len(running)+len(waiting)+len(links) == 0 {
			return parts
		}
	}
}

func (p *ping) encode(kind byte) []byte {
	w := newWriter(kind, 10*(len(p.running)+len(p.waiting)))
	w.text(p.from)
	w.numbers(p.running)
	w.numbers(p.waiting)
	w.states(p.links)
	return w
}

func decodePing(data []byte, want byte) (*ping, error) {
	kind, r := newReader(data)
	if kind != want {
		return nil, errGarbage
	}
	p := &ping{from: r.text(), running: r.numbers(), waiting: r.numbers(), links: r.states()}
	return p, r.err
}
