package cluster

import (
	"time"
)

// Kinds of records about jobs, beside those of outcomes.
const (
	kindJob  = 'j'
	kindNote = 'n'
	kindDead = 'd' // its attempts are used up
	kindWho  = 'w' // who runs it? And the answer.
)

// A jobMessage is a job as it is stored.
type jobMessage struct {
	attempts int
	keep     time.Duration
	keyed    bool
	request
}

func (j *jobMessage) encode() []byte {
	q := j.request.encode()
	w := newWriter(kindJob, len(q))
	w.number(uint64(j.attempts))
	w.number(uint64(j.keep))
	w.number(boolNumber(j.keyed))
	return append(w, q...)
}

func boolNumber(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func decodeJob(data []byte) (*jobMessage, error) {
	kind, r := newReader(data)
	if kind != kindJob {
		return nil, errGarbage
	}
	j := &jobMessage{attempts: int(r.number()), keep: time.Duration(r.number()), keyed: r.number() == 1}
	if r.err != nil {
		return nil, r.err
	}
	q, err := decodeRequest(r.rest)
	if err != nil {
		return nil, err
	}
	j.request = *q
	return j, nil
}

// A record is how a job has ended.
type record struct {
	kind     byte // kindValue, kindFailure, kindCanceled, kindDead
	codec    string
	attempts int
	reason   string // of kindDead
	data     []byte // the value, or what remote.Failure has made
}

func (rec *record) encode() []byte {
	w := newWriter(rec.kind, len(rec.data)+len(rec.reason))
	w.text(rec.codec)
	w.number(uint64(rec.attempts))
	w.text(rec.reason)
	return append(w, rec.data...)
}

func decodeRecord(data []byte) (*record, error) {
	kind, r := newReader(data)
	rec := &record{kind: kind, codec: r.text(), attempts: int(r.number()), reason: r.text()}
	rec.data = r.rest
	return rec, r.err
}

// A note is about attempts of a job that is not over.
type note struct {
	run     string // who has stored it: the worker, and which of its jobs; "" if that is over
	begun   int    // how many attempts have begun, without those that were handed back
	reason  string // what the last attempt has come to
	failure []byte // with which error, if it had one
}

func (n *note) encode() []byte {
	w := newWriter(kindNote, len(n.run)+len(n.reason)+len(n.failure))
	w.text(n.run)
	w.number(uint64(n.begun))
	w.text(n.reason)
	return append(w, n.failure...)
}

// decodeNote returns a note that was stored, nil if that is none.
func decodeNote(data []byte) *note {
	kind, r := newReader(data)
	n := &note{run: r.text(), begun: int(r.number()), reason: r.text()}
	if n.failure = r.rest; kind != kindNote || r.err != nil {
		return nil
	}
	return n
}
