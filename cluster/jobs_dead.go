package cluster

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/anyio-go/anyio/cluster/internal/natsproto"
	"github.com/anyio-go/anyio/lowlevel"
)

// A DeadLetter is a job that was given up, as its attempts are used up. The server keeps it
// for 30 days, unless it is resubmitted or deleted before, or a later job with the same key
// becomes a dead letter in its place.
type DeadLetter struct {
	ID       string    // of the job, see Attach
	Function string    // its name; "" if what is stored cannot be read as a job
	Attempts int       // how many there were
	Reason   string    // why the last one did not end the job, or how that begins
	Time     time.Time // when it was given up, by the server's clock

	c        *Conn
	sequence uint64 // the number of the letter in its stream
	queued   uint64 // the number that the job had in the stream of jobs
	data     []byte // the job as it was stored there
}

// Headers of dead letters.
const (
	deadReason   = "Anyio-Reason"
	deadAttempts = "Anyio-Attempts"
	deadSequence = "Anyio-Sequence" // DeadLetter.queued
)

// DeadLetters yields the dead letters of all functions, the oldest first. Those that are
// new since it has begun are not among them; so all may be resubmitted meanwhile. An error
// is yielded once, and ends the sequence.
// Cancellation: it is such an error; nothing is changed.
func (c *Conn) DeadLetters(ctx context.Context) iter.Seq2[*DeadLetter, error] {
	return func(yield func(*DeadLetter, error) bool) {
		all := c.jobs.subject("jd", ">")
		last, err := c.deadLetter(ctx, natsproto.GetRequest{Last: all})
		for next := uint64(1); err == nil && last != nil && next <= last.sequence; {
			var d *DeadLetter
			d, err = c.deadLetter(ctx, natsproto.GetRequest{Next: all, From: next})
			if err != nil || d == nil || d.sequence > last.sequence {
				break
			}
			if !yield(d, nil) {
				return
			}
			next = d.sequence + 1
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// deadLetter returns the letter that a question asks for, nil if there is none. It makes no
// stream: who only looks changes nothing.
func (c *Conn) deadLetter(ctx context.Context, ask natsproto.GetRequest) (*DeadLetter, error) {
	if err := lowlevel.Enter(ctx); err != nil {
		return nil, err
	}
	r, err := c.store.api(ctx, "STREAM.MSG.GET."+c.jobs.stream("dead"), ask)
	switch {
	case hasCode(err, natsproto.ErrNoMessage), hasCode(err, natsproto.ErrStreamNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case r.Message == nil:
		return nil, errors.New("cluster: the server answers without a dead letter")
	}
	m := r.Message
	d := &DeadLetter{
		ID: strings.TrimPrefix(m.Subject, c.jobs.subject("jd", "")), Reason: natsproto.Header(m.Headers, deadReason),
		Time: m.Time, c: c, sequence: m.Sequence, data: m.Data,
	}
	d.Attempts, _ = strconv.Atoi(natsproto.Header(m.Headers, deadAttempts))
	d.queued, _ = strconv.ParseUint(natsproto.Header(m.Headers, deadSequence), 10, 64)
	if job, err := decodeJob(m.Data); err == nil {
		d.Function = job.function
	}
	return d, nil
}

// Argument reads the argument of the job into what v points to, which is of the type of the
// function's argument.
func (d *DeadLetter) Argument(v any) error {
	if p := reflect.ValueOf(v); p.Kind() != reflect.Pointer || p.IsNil() {
		return misuse("DeadLetter.Argument into a %T: want a pointer to a variable of the type of the function's argument", v)
	}
	job, err := decodeJob(d.data)
	if err != nil {
		return fmt.Errorf("cluster: dead letter %s: %w", d.ID, err)
	}
	codec := codecOf(job.codec)
	if codec == nil {
		return fmt.Errorf("cluster: argument of dead letter %s: no codec %q; RegisterCodec makes it known", d.ID, job.codec)
	}
	if err := read(codec, job.argument, v); err != nil {
		return fmt.Errorf("cluster: argument of dead letter %s: %w", d.ID, err)
	}
	return nil
}

// Delete deletes the letter. The job stays dead to those who wait for it, and its key is
// taken, for as long as its result is kept. Deleting again does nothing.
// Cancellation: whether it is deleted, is unknown.
func (d *DeadLetter) Delete(ctx context.Context) error {
	if err := lowlevel.Enter(ctx); err != nil {
		return err
	}
	st := &d.c.jobs
	err := d.c.store.purgeTo(ctx, st.stream("dead"), st.subject("jd", d.ID), d.sequence)
	if hasCode(err, natsproto.ErrStreamNotFound) { // with all that it had
		return nil
	}
	return err
}

// Resubmit submits the job once more, with its argument, its key and as many attempts as it
// was submitted with, and deletes the letter. The job has the same ID as before, so that
// Attach and Await find it; that it was dead is forgotten. If there is a job or a result
// with this ID by now, as it was submitted again with its key, then that stays, and only the
// letter is deleted. If the letter is gone, as another member has resubmitted or deleted it,
// nothing is done.
//
// Cancellation: whether the job is resubmitted, is unknown, as after another error; the
// letter is there until it is. Resubmitting it again does no harm.
func (d *DeadLetter) Resubmit(ctx context.Context) error {
	if err := lowlevel.Enter(ctx); err != nil {
		return err
	}
	st := &d.c.jobs
	if err := st.open(ctx); err != nil {
		return err
	}
	now, err := d.now(ctx)
	if err == nil && now != nil {
		err = d.c.store.insist(ctx, func(ctx context.Context) error {
			return st.again(ctx, d.requeue)
		}, nil, errDying)
	}
	switch {
	case err != nil:
		return fmt.Errorf("cluster: resubmitting job %s: %w", d.ID, err)
	case now == nil:
		return nil
	}
	return now.Delete(ctx)
}

// now returns the letter as the server has it, nil if it is gone. It has another number if
// its job was delivered again, and buried again.
func (d *DeadLetter) now(ctx context.Context) (*DeadLetter, error) {
	now, err := d.c.deadLetter(ctx, natsproto.GetRequest{Last: d.c.jobs.subject("jd", d.ID)})
	if err != nil || now == nil || now.queued != d.queued {
		return nil, err
	}
	return now, nil
}

// errDying is the error of a job that is a dead letter, and may yet get the result that says
// so: what is stored in its place would be taken for dead.
var errDying = errors.New("the worker that gave it up has not told the server so yet")

// requeue stores the job, unless it is there, or has ended otherwise.
func (d *DeadLetter) requeue(ctx context.Context) error {
	st := &d.c.jobs
	_, queued, err := d.c.store.get(ctx, st.stream("jobs"), st.subject("j", d.ID))
	if err != nil {
		return err
	}
	if queued != 0 && queued == d.queued {
		return errDying
	}
	results, result := st.stream("results"), st.subject("jr", d.ID)
	data, sequence, err := d.c.store.get(ctx, results, result)
	if err != nil {
		return err
	}
	if sequence != 0 {
		if rec, err := recordOf(d.ID, data, nil); err != nil || rec.kind != kindDead {
			return err
		}
		if err := d.c.store.purgeTo(ctx, results, result, sequence); err != nil {
			return err
		}
	}
	err = st.put(ctx, st.subject("j", d.ID), nil, d.data)
	switch {
	case err == nil:
		d.c.count(jobsSubmitted, 1)
	case errors.Is(err, errTaken): // it is there by now
		return nil
	}
	return err
}
