package cluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/remote"
	"github.com/anyio-go/anyio/portal"
)

// backDelay is how long a job rests that was handed back: its worker ends, and others may.
const backDelay = 100 * time.Millisecond

// refusedDelay is how long a job rests that a worker could not run.
const refusedDelay = time.Second

const jobCanceled = "the job was canceled"

// A jobRun is a job that is here.
type jobRun struct {
	running
	number    uint64 // in the order of coming
	job       string // its ID
	ack       string // the subject on which the server hears of it
	came      time.Time
	sequence  uint64 // the number of its message in the stream of jobs
	delivered int
	attempt   atomic.Int32
	message   *jobMessage // nil if it is none, for which there is a reason
	unread    error
	data      []byte
	note      note
	newest    uint64 // the number of the note that is known, 0 if none is
	noted     bool   // there may be a note, which is not known; so may be the attempt
	held      bool   // it has a token; only its task knows
}

// got takes a job that has come.
func (t *taker) got(m message) {
	id, ok := strings.CutPrefix(m.subject, t.st.subject("j", ""))
	delivered, sequence := deliveryOf(m.reply)
	if !ok || delivered == 0 {
		return // it is no job of a stream
	}
	j := &jobRun{job: id, ack: m.reply, came: t.s.c.bus.now(), sequence: sequence, delivered: delivered, data: m.data}
	j.attempt.Store(int32(delivered))
	j.message, j.unread = decodeJob(m.data)
	if j.message != nil {
		j.function = j.message.function
	}
	j.began, j.noted = j.came, delivered > 1 || j.message != nil && j.message.attempts == 1
	known, ended := t.enlist(j)
	if known {
		return // it was not heard of in time, and still goes on
	}
	if ended || !t.s.acquire(j) {
		t.strike(j)
		t.surplus(j)
		return
	}
	t.s.c.count(jobsTaken, 1)
	j.held = true
	q := &request{}
	if j.message != nil {
		q = &j.message.request
	}
	_, err := portal.Go(t.s.portal, func(ctx context.Context) (struct{}, error) {
		defer t.gone(j)
		t.do(ctx, j)
		return struct{}{}, nil
	}, t.s.taskOptions("job "+j.job, q)...)
	if err != nil { // the worker ends
		t.strike(j)
		t.s.release(j)
		t.surplus(j)
	}
}

// enlist makes a job one that runs here, unless it does already, or no more may.
func (t *taker) enlist(j *jobRun) (known, ended bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known = j.noted && t.runs(j); known || t.ended {
		return known, t.ended
	}
	if _, canceled := t.early[jobNumber{j.job, j.sequence}]; canceled {
		j.ending, j.reason = endCancel, jobCanceled
	}
	t.newest++
	j.number = t.newest
	t.running[j.number] = j
	return false, false
}

// strike takes it out again.
func (t *taker) strike(j *jobRun) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.running, j.number)
}

// runs reports whether a job runs here, and not one before it of the same ID. It needs
// taker.mu.
func (t *taker) runs(job *jobRun) bool {
	for _, j := range t.running {
		if j.job == job.job && j.sequence == job.sequence {
			return true
		}
	}
	return false
}

// deliveryOf reads, from the subject on which a message is acknowledged, how often it was
// delivered, and its number in the stream; 0 if it is no such subject.
func deliveryOf(ack string) (delivered int, sequence uint64) {
	tokens := strings.Split(ack, ".")
	at := 4 // $JS.ACK.STREAM.CONSUMER.DELIVERED.NUMBER…
	if len(tokens) >= 11 {
		at = 6 // $JS.ACK.DOMAIN.ACCOUNT.STREAM.CONSUMER.DELIVERED.NUMBER…
	}
	if len(tokens) < 9 || tokens[0] != "$JS" || tokens[1] != "ACK" {
		return 0, 0
	}
	delivered, err := strconv.Atoi(tokens[at])
	if err != nil {
		return 0, 0
	}
	if sequence, err = strconv.ParseUint(tokens[at+1], 10, 64); err != nil {
		return 0, 0
	}
	return delivered, sequence
}

// gone forgets a job, before it is handed back: it may come again at once.
func (t *taker) gone(j *jobRun) {
	t.release(j)
	t.strike(j)
}

// release gives the token of a job back. Then there may be room for another one.
func (t *taker) release(j *jobRun) {
	if !j.held {
		return
	}
	j.held = false
	t.s.release(j)
	opened, _ := t.s.adjust()
	t.s.freed(opened)
	t.adjust()
}

// do runs a job, and stores what became of it.
func (t *taker) do(ctx context.Context, j *jobRun) {
	message := j.message
	if message == nil {
		t.bury(ctx, j, j.unread.Error())
		return
	}
	if !t.mayRun(ctx, j) {
		return
	}
	answer, again := t.run(ctx, j)
	t.release(j)
	switch answer[1] {
	case kindStopped:
		if j.leave() != 0 { // it is over elsewhere
			t.over(j)
		} else {
			t.gone(j)
			t.handBack(ctx, j)
		}
	case kindRefused:
		t.again(ctx, j, string(answer[2:]), nil, refusedDelay)
	case kindValue:
		t.keep(ctx, j, &record{kind: kindValue, codec: message.codec, data: answer[2:]})
	default:
		if again != nil {
			t.again(ctx, j, again.Error(), answer[2:], again.after)
		} else {
			t.keep(ctx, j, &record{kind: kindFailure, data: answer[2:]})
		}
	}
}

// mayRun reports whether an attempt begins, which is noted if it has to be; if none does the
// job is handed back, or done with.
func (t *taker) mayRun(ctx context.Context, j *jobRun) bool {
	exact := j.noted
	for look := exact || j.message.keyed; look; {
		over, err := t.lookBefore(ctx, j)
		if err == nil && !over && exact && !j.usedUp() {
			err = t.noteBegin(ctx, j)
		}
		switch {
		case errors.Is(err, errTaken): // another worker has noted something meanwhile
			j.noted = true
			continue
		case err != nil:
			t.gone(j)
			t.handBack(ctx, j)
			return false
		case over:
			t.over(j)
			return false
		}
		look = false
	}
	switch {
	case j.usedUp() && t.overtaken(ctx, j):
		t.gone(j)
		return false
	case j.usedUp():
		j.attempt.Store(int32(j.message.attempts))
		j.note.failure = nil // of an attempt before
		t.bury(ctx, j, "its worker was lost")
		return false
	case j.canceled():
		t.over(j)
		return false
	}
	return true
}

// usedUp reports whether all attempts have begun before.
func (j *jobRun) usedUp() bool { return int(j.attempt.Load()) > j.message.attempts }

// canceled reports whether the job was before it has begun.
func (j *jobRun) canceled() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.ending != 0
}

// run calls the function, and returns the answer as to a call, and whether it wants
// another attempt.
func (t *taker) run(ctx context.Context, j *jobRun) (writer, *retryError) {
	answer := newWriter(kindStopped, 0)
	info := JobInfo{ID: j.job, Attempt: int(j.attempt.Load()), Attempts: j.message.attempts}
	ctx = context.WithValue(ctx, jobKey{}, info)
	_ = anyio.WithCancelScope(ctx, func(ctx context.Context, in *anyio.CancelScope) error {
		j.enter(ctx, in)
		return t.s.invoke(ctx, &j.message.request, &answer)
	})
	j.leave()
	again := j.message.again
	if most := t.st.c.bus.maxPayload() - recordRoom; len(answer) > most {
		err := fmt.Errorf("cluster: result or error of %q: %d bytes; the server takes messages of %d", j.message.function, len(answer), most)
		answer.set(kindFailure, remote.Failure(err, nil, ""))
		again = nil
	}
	return answer, again
}
