package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/anyio-go/anyio/lowlevel"
)

// awaitResult waits until a job is over. The server tells of results when they are stored;
// as that is told once, it is also looked for now and then, less and less often.
func (st *jobStore) awaitResult(ctx context.Context, id, function string) (*record, error) {
	if err := lowlevel.Enter(ctx); err != nil {
		return nil, err
	}
	if data, err := st.resultNow(ctx, id, false); err != nil || data != nil {
		return recordOf(id, data, err)
	}
	w, err := st.begin(ctx, id, function)
	if err != nil {
		return nil, lowlevel.CanceledOr(ctx, err)
	}
	defer st.end(w)
	sub, err := st.c.bus.subscribe(st.subject("jh", id), "", func(m message) { w.tell(outcome{data: m.data}) })
	if err != nil {
		return nil, lowlevel.CanceledOr(ctx, err)
	}
	defer sub.drop()
	for pause := st.c.cfg.Lost; ; pause = min(2*pause, max(pause, mostPause)) {
		data, gone := st.resultNow(ctx, id, true)
		if gone != nil && !errors.Is(gone, ErrNoJob) || data != nil {
			return recordOf(id, data, gone)
		}
		if gone != nil { // what was told and not kept may be on its way
			pause = onItsWay
		}
		told, late, err := st.wait(ctx, w, pause)
		switch {
		case err != nil || !late:
			return recordOf(id, told.data, cmp.Or(err, told.err))
		case gone != nil:
			return nil, gone
		}
	}
}

// onItsWay is how long a message may be later than others that were sent after it.
const onItsWay = 100 * time.Millisecond

// mostPause is how long it takes at most until a result is looked for again.
const mostPause = time.Minute

func recordOf(id string, data []byte, err error) (*record, error) {
	if err != nil {
		return nil, err
	}
	rec, err := decodeRecord(data)
	if err != nil {
		return nil, fmt.Errorf("cluster: result of job %s: %w", id, err)
	}
	return rec, nil
}

// resultNow returns the result that is there, nil if there is none yet. A server that does
// not answer may do so later.
func (st *jobStore) resultNow(ctx context.Context, id string, mayBeGone bool) (data []byte, err error) {
	if !mayBeGone {
		data, err = st.get(ctx, "results", st.subject("jr", id))
	} else {
		var job []byte
		job, data, err = st.look(ctx, id)
		if err == nil && job == nil && data == nil {
			return nil, noJob(id)
		}
	}
	if errors.Is(err, errNoAnswer) || errors.Is(err, errNoStore) {
		return nil, nil
	}
	return data, err
}

// Cancel ends the job for good: one that has not begun never runs, and the function of one
// that runs is canceled. Await returns an error that matches ErrJobCanceled from then on.
// A job that is over stays as it is.
// Cancellation: whether the job is canceled, is unknown.
func (j *Job[Out]) Cancel(ctx context.Context) error {
	if err := lowlevel.Enter(ctx); err != nil {
		return err
	}
	st := &j.c.jobs
	job, sequence, data, err := st.lookNumbered(ctx, j.id)
	switch {
	case err != nil:
		return err
	case data != nil:
		return nil
	case job == nil:
		return noJob(j.id)
	}
	keep := defaultKeep
	if m, err := decodeJob(job); err == nil {
		keep = cmp.Or(m.keep, keep)
	}
	rec := record{kind: kindCanceled}
	if err := st.putResult(ctx, j.id, keep, rec.encode()); err != nil {
		if errors.Is(err, errTaken) {
			return nil
		}
		return err
	}
	note, err := st.get(ctx, "results", st.noteSubject(j.id, sequence))
	if err != nil {
		return err
	}
	if n := decodeNote(note); n != nil {
		st.noteOver(j.id, sequence, n.begun)
	}
	w := newWriter(kindCanceled, 0)
	w.text(j.id)
	w.number(sequence)
	j.c.send(j.c.cfg.Prefix+".jx", "", w)
	return j.c.store.purgeTo(ctx, st.stream("jobs"), st.subject("j", j.id), sequence)
}

// A JobState is how far a job is.
type JobState int

// The states of a job.
const (
	JobQueued   JobState = iota // no worker has it
	JobRunning                  // a worker says that it runs
	JobDone                     // the function has returned
	JobFailed                   // the function has returned an error, or panicked
	JobCanceled                 // by Cancel
	JobDead                     // its attempts are used up
)

var jobStates = [...]string{"queued", "running", "done", "failed", "canceled", "dead"}

func (s JobState) String() string {
	if s < 0 || int(s) >= len(jobStates) {
		return fmt.Sprintf("JobState(%d)", int(s))
	}
	return jobStates[s]
}

// Over reports whether a job in this state has a result.
func (s JobState) Over() bool { return s >= JobDone }

// A JobStatus tells of a job.
type JobStatus struct {
	State   JobState
	Worker  string // the name of the member that runs it, see Config.Name
	Attempt int    // that runs, or ended it; 1 is the first
}

// Status returns how far the job is. Workers are asked whether they run it, and have 100 ms
// to say so; a job whose worker does not answer is as one that no worker has.
func (j *Job[Out]) Status(ctx context.Context) (JobStatus, error) {
	if err := lowlevel.Enter(ctx); err != nil {
		return JobStatus{}, err
	}
	job, data, err := j.c.jobs.look(ctx, j.id)
	switch {
	case err != nil:
		return JobStatus{}, err
	case data != nil:
		rec, err := recordOf(j.id, data, nil)
		if err != nil {
			return JobStatus{}, err
		}
		return JobStatus{State: rec.state(), Attempt: rec.attempts}, nil
	case job == nil:
		return JobStatus{}, noJob(j.id)
	}
	return j.c.jobs.whoRuns(ctx, j.id)
}

func (rec *record) state() JobState {
	switch rec.kind {
	case kindValue:
		return JobDone
	case kindFailure:
		return JobFailed
	case kindCanceled:
		return JobCanceled
	}
	return JobDead
}

func (st *jobStore) whoRuns(ctx context.Context, id string) (JobStatus, error) {
	w := newWriter(kindWho, 0)
	w.text(id)
	m, err := st.c.store.ask(ctx, st.c.cfg.Prefix+".jx", nil, w, gatherTime)
	if errors.Is(err, errNoAnswer) || err == nil && m.nobody() {
		return JobStatus{State: JobQueued}, nil
	}
	if err != nil {
		return JobStatus{}, err
	}
	kind, r := newReader(m.data)
	status := JobStatus{State: JobRunning, Worker: r.text(), Attempt: int(r.number())}
	if kind != kindWho || r.err != nil {
		return JobStatus{}, errGarbage
	}
	return status, nil
}
