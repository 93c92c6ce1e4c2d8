package cluster

import (
	"context"
	"errors"
	"strconv"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster/internal/natsproto"
)

// noteSubject is that of the note about a job. Its number is in it: there may be a later
// job with the same ID, whose attempts are its own.
func (st *jobStore) noteSubject(id string, sequence uint64) string {
	return st.subject("jn", id) + "." + strconv.FormatUint(sequence, 10)
}

// lookBefore looks, before an attempt, whether the job is over, and how many have begun. If
// nothing is noted that is the first one: only of jobs that have one alone it is noted when
// it begins, as others would have to pay for that.
func (t *taker) lookBefore(ctx context.Context, j *jobRun) (over bool, err error) {
	result, err := t.st.get(ctx, "results", t.st.subject("jr", j.job))
	if err != nil || !j.noted {
		return result != nil, err
	}
	data, newest, err := t.st.c.store.get(ctx, t.st.stream("results"), t.st.noteSubject(j.job, j.sequence))
	if err != nil {
		return false, err
	}
	if n := decodeNote(data); n != nil {
		j.note = *n
	} else {
		j.note.begun = min(j.message.attempts-1, 1)
	}
	j.attempt.Store(int32(j.note.begun + 1))
	j.newest, j.noted = newest, false
	return result != nil, nil
}

// noteBegin notes that an attempt begins. What is delivered again has no more attempts
// than it may have so, and none is used up by a delivery that nobody gets. A cancellation
// waits until it is known whether it is noted: else an attempt might be used up that does
// not begin.
func (t *taker) noteBegin(ctx context.Context, j *jobRun) error {
	j.note.begun = int(j.attempt.Load())
	return anyio.Shielded(ctx, answerTime, func(ctx context.Context) error { return t.storeNote(ctx, j) })
}

// errUnheard is the error of a note that may be there already, as its answer was lost.
var errUnheard = errors.New("whether it is stored is not known")

// storeNote stores the note about a job, unless another worker has noted something since
// the one that is known here: that is errTaken.
func (t *taker) storeNote(ctx context.Context, j *jobRun) error {
	js, subject := &t.s.c.store, t.st.noteSubject(j.job, j.sequence)
	j.note.run = t.s.id + "." + strconv.FormatUint(j.number, 10)
	store := func(ctx context.Context) error {
		r, err := js.doAgain(ctx, subject, j.note.headers(j.newest), j.note.encode())
		if err == nil {
			j.newest = r.Sequence
		}
		if !errors.Is(err, errTaken) {
			return err
		}
		data, newest, bad := js.get(ctx, t.st.stream("results"), subject)
		if bad != nil {
			return bad
		}
		if n := decodeNote(data); n != nil && n.run != j.note.run {
			return err
		}
		j.newest = newest
		return errUnheard
	}
	return t.st.again(ctx, func(ctx context.Context) error { return js.insist(ctx, store, nil, errUnheard) })
}

// headers are those of a note that replaces the one of this number, 0 if there is none.
// It stays until its job is over, however long nobody does that. One that says that no
// attempt has begun ends: nobody may be left to say that the job is over, and what is lost
// with it is one attempt.
func (n *note) headers(newest uint64) headers {
	h := headers{natsproto.ExpectedLastSubjectSequence, strconv.FormatUint(newest, 10)}
	if n.begun == 0 {
		h = append(h, natsproto.MessageTTL, seconds(deadAge))
	}
	return h
}

// noteOver has the note about a job that is over end. As long as the server may not have
// heard that it is, and deliver it again, the note says how many attempts have begun.
func (st *jobStore) noteOver(id string, sequence uint64, begun int) {
	n := note{begun: begun}
	_ = st.c.bus.publishHeaders(st.noteSubject(id, sequence), "", headers{natsproto.MessageTTL, seconds(deadAge)}, n.encode())
}
