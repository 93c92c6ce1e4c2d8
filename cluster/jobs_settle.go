package cluster

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
)

// handBack gives a job to another worker. That was no attempt, as a note says; if there may
// be one that is not known, none has begun here. A job that another worker has begun since,
// as this one was taken for lost, is left to that.
func (t *taker) handBack(ctx context.Context, j *jobRun) {
	if !j.noted {
		j.note.begun = int(j.attempt.Load()) - 1
		err := anyio.Shielded(ctx, t.s.c.cfg.Lost, func(ctx context.Context) error { return t.storeNote(ctx, j) })
		if errors.Is(err, errTaken) {
			return
		}
		// If it failed otherwise, this is an attempt.
	}
	t.handOut(j)
}

// surplus gives back a job for which there is no task here, without waiting: if its note is
// lost this is an attempt.
func (t *taker) surplus(j *jobRun) {
	if !j.noted {
		j.note.begun = 0
		_ = t.s.c.bus.publishHeaders(t.st.noteSubject(j.job, j.sequence), "", j.note.headers(0), j.note.encode())
	}
	t.handOut(j)
}

// handOut makes the server deliver a job again that has not run here.
func (t *taker) handOut(j *jobRun) {
	t.s.c.count(jobsReturned, 1)
	t.nak(j, backDelay)
}

// nak makes the server deliver the job again, to anyone.
func (t *taker) nak(j *jobRun, after time.Duration) {
	t.s.c.send(j.ack, "", []byte(`-NAK {"delay":`+strconv.FormatInt(int64(max(after, 0)), 10)+`}`))
}

// over tells the server that the job is done with.
func (t *taker) over(j *jobRun) {
	if j.newest != 0 {
		t.st.noteOver(j.job, j.sequence, j.note.begun)
	}
	t.s.c.send(j.ack, "", []byte("+ACK"))
}

// again has the job tried again, or gives it up, unless that is no longer the worker's to do.
func (t *taker) again(ctx context.Context, j *jobRun, reason string, failure []byte, after time.Duration) {
	if t.overtaken(ctx, j) {
		t.gone(j)
		return
	}
	j.note.reason, j.note.failure, j.note.begun = beginningOf(reason), failure, int(j.attempt.Load())
	if j.note.begun >= j.message.attempts {
		t.bury(ctx, j, j.note.reason)
		return
	}
	var bad error
	t.untilStored(ctx, func(ctx context.Context) error {
		bad = t.storeNote(ctx, j)
		return bad
	})
	if errors.Is(bad, errTaken) { // another worker has it, as this one was taken for lost
		return
	}
	t.s.c.count(jobsRetried, 1)
	t.gone(j)
	t.nak(j, after)
}

// overtaken reports whether the job is over, as this worker was taken for lost, and perhaps
// was submitted again with the same ID: then the letter, or the note, would be taken for one
// of that.
func (t *taker) overtaken(ctx context.Context, j *jobRun) bool {
	_, queued, err := t.s.c.store.get(ctx, t.st.stream("jobs"), t.st.subject("j", j.job))
	return err == nil && queued != j.sequence
}

// bury makes the job a dead letter.
func (t *taker) bury(ctx context.Context, j *jobRun, reason string) {
	t.release(j)
	stored := t.untilStored(ctx, func(ctx context.Context) error {
		h := headers{
			deadReason, headerText(reason), deadAttempts, strconv.Itoa(int(j.attempt.Load())), deadSequence, strconv.FormatUint(j.sequence, 10),
		}
		return t.st.put(ctx, t.st.subject("jd", j.job), h, j.data)
	})
	if stored {
		t.keep(ctx, j, &record{kind: kindDead, reason: reason, data: j.note.failure})
	}
}

// keep stores how the job has ended, or tells who waits for it, if that is all that is
// wanted. If it cannot, the job is tried again.
func (t *taker) keep(ctx context.Context, j *jobRun, rec *record) {
	rec.attempts = int(j.attempt.Load())
	keep, data := defaultKeep, rec.encode()
	if j.message != nil {
		if j.message.keep == 0 && rec.kind == kindValue {
			t.s.c.send(t.st.subject("jh", j.job), "", data)
			t.s.c.count(jobsDone, 1)
			t.over(j)
			return
		}
		keep = cmp.Or(j.message.keep, defaultKeep)
	}
	if t.untilStored(ctx, func(ctx context.Context) error { return t.st.putResult(ctx, j.job, keep, data) }) {
		if rec.kind == kindDead {
			t.s.c.count(jobsDead, 1)
		} else {
			t.s.c.count(jobsDone, 1)
		}
		t.over(j)
	}
}

// untilStored does something until it has succeeded. When the worker has been canceled it
// tries once more, and gives up.
func (t *taker) untilStored(ctx context.Context, what func(ctx context.Context) error) (stored bool) {
	for {
		last := ctx.Err() != nil || t.s.closed.IsSet()
		err := anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return t.st.again(ctx, what) })
		if err == nil || errors.Is(err, errTaken) {
			return true
		}
		if last {
			return false
		}
		_ = anyio.Sleep(ctx, t.beat())
	}
}

const (
	// recordRoom is what a note, a record or a dead letter may have in it, beside an answer of
	// a function or a job.
	recordRoom = 1024
	// mostReason is how long a reason may be there. It is a part of recordRoom.
	mostReason = 512
)

// beginningOf is a reason as it is told, if it is longer than that.
func beginningOf(reason string) string {
	if len(reason) <= mostReason {
		return reason
	}
	const cut = "…"
	return strings.ToValidUTF8(reason[:mostReason-len(cut)], "") + cut
}

// headerText is a text as a header can have it.
func headerText(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < ' ' {
			b[i] = ' '
		}
	}
	return string(b)
}
