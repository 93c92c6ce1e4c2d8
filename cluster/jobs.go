package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/remote"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/process"
)

// A Job is a call of a function that the server keeps until it is over. It belongs to
// nobody: the member that has submitted it may go, and others may wait for it.
type Job[Out any] struct {
	c        *Conn
	id       string
	function string
}

// Submit stores a call of a function, and returns when the server has it. A worker with
// Worker.Jobs calls the function then, at least once: if the worker dies before the result
// is stored, another one does so again. What has effects should be able to bear that;
// CurrentJob tells a function which job and which attempt it is.
//
// An error of the function is the job's result, as its panic is; only Retry, or a worker
// that is lost, lead to another attempt. A job whose attempts are used up is a dead letter.
//
// Submit needs no worker to be there. The job goes on when the scope of ctx ends.
//
// Cancellation: whether the job is stored, is unknown, as after another error. Submitting
// it again with the same Key does no harm.
func Submit[In, Out any](ctx context.Context, c *Conn, fn *process.Function[In, Out], in In, opts ...JobOption) (*Job[Out], error) {
	o, err := jobOptionsOf(opts)
	if err == nil {
		err = checkCall("Submit", c, fn, o.codec)
	}
	if err != nil {
		return nil, err
	}
	argument, err := o.codec.Marshal(&in)
	if err != nil {
		return nil, fmt.Errorf("cluster: argument of %q: %w", fn.Name(), err)
	}
	s := signatureFor[In, Out](fn.Name())
	job := &Job[Out]{c, newJobID(ctx, s, o), fn.Name()}
	if err := c.jobs.submit(ctx, job.id, s, argument, o); err != nil {
		return nil, err
	}
	return job, nil
}

var idEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// randomText is one that nobody else has. In a simulation the seed decides it.
func randomText(ctx context.Context) string {
	r := anyio.Rand(ctx)
	b := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, r.Uint64()), r.Uint64())
	return strings.ToLower(idEncoding.EncodeToString(b))
}

func newJobID(ctx context.Context, s signature, o jobOptions) string {
	if !o.keyed {
		return s.token + "." + randomText(ctx)
	}
	sum := sha256.Sum256([]byte(o.key))
	return s.token + ".k" + strings.ToLower(idEncoding.EncodeToString(sum[:16]))
}

func (st *jobStore) submit(ctx context.Context, id string, s signature, argument []byte, o jobOptions) error {
	if err := lowlevel.Enter(ctx); err != nil {
		return err
	}
	if err := st.open(ctx); err != nil {
		return err
	}
	j := jobMessage{attempts: o.attempts, keep: o.keep, keyed: o.keyed, request: request{
		function: s.name, types: s.hash, remaining: -1, codec: o.codec.Name(), carried: remote.Carried(ctx), argument: argument,
	}}
	if o.keyed {
		if data, err := st.resultNow(ctx, id, false); err != nil || data != nil {
			return err
		}
	}
	data := j.encode()
	if most := st.c.bus.maxPayload() - recordRoom; len(data) > most { // a dead letter has more in it
		return fmt.Errorf("cluster: argument of %q: %d bytes; the server takes messages of %d", s.name, len(data), most)
	}
	err := st.again(ctx, func(ctx context.Context) error {
		return st.put(ctx, st.subject("j", id), nil, data)
	})
	switch {
	case err == nil:
		st.c.count(jobsSubmitted, 1)
	case !errors.Is(err, errTaken):
		return fmt.Errorf("cluster: submitting %q: %w", s.name, err)
	}
	return nil
}

var isJobID = regexp.MustCompile(`^[A-Za-z0-9_=-]+\.[0-9a-f]{8}\.[a-z0-9]+$`).MatchString

// Attach returns a job of a function by its ID, as another member, or a process before this
// one, has submitted it. If the server knows nothing of it the error matches ErrNoJob.
func Attach[In, Out any](ctx context.Context, c *Conn, fn *process.Function[In, Out], id string) (*Job[Out], error) {
	if err := checkCall("Attach", c, fn, Gob); err != nil {
		return nil, err
	}
	token := signatureFor[In, Out](fn.Name()).token
	switch {
	case !isJobID(id):
		return nil, misuse("Attach: %q is no ID of a job; Job.ID returns one", id)
	case !strings.HasPrefix(id, token+"."):
		return nil, misuse("Attach: job %q is not one of %q with these types; its ID begins with %q", id, fn.Name(), token)
	}
	if err := lowlevel.Enter(ctx); err != nil {
		return nil, err
	}
	if err := c.jobs.open(ctx); err != nil {
		return nil, err
	}
	job, record, err := c.jobs.look(ctx, id)
	if err == nil && job == nil && record == nil {
		err = noJob(id)
	}
	if err != nil {
		return nil, err
	}
	return &Job[Out]{c, id, fn.Name()}, nil
}

func noJob(id string) error { return fmt.Errorf("%w: %s", ErrNoJob, id) }

// ID returns what tells the job from all others, for Attach. It begins with the name of
// the function.
func (j *Job[Out]) ID() string { return j.id }

// Await waits until the job is over, and returns its result: what the function has
// returned, where an error or a panic is a *process.RemoteError; a *DeadJobError if its
// attempts are used up; an error that matches ErrJobCanceled. Results are kept for the time
// of KeepResult; later, and after the end of a job that keeps none, the error matches
// ErrNoJob.
//
// Cancellation: only the waiting ends, and the job goes on; Cancel ends it.
func (j *Job[Out]) Await(ctx context.Context) (Out, error) {
	var out Out
	rec, err := j.c.jobs.awaitResult(ctx, j.id, j.function)
	if err != nil {
		return out, err
	}
	switch rec.kind {
	case kindValue:
		codec := codecOf(rec.codec)
		if codec == nil {
			return out, fmt.Errorf("cluster: result of job %s: no codec %q; RegisterCodec makes it known", j.id, rec.codec)
		}
		if err := codec.Unmarshal(rec.data, &out); err != nil {
			var zero Out
			return zero, fmt.Errorf("cluster: result of job %s cannot be read: %w", j.id, err)
		}
		return out, nil
	case kindFailure:
		return out, remote.Error(j.function, rec.data)
	case kindCanceled:
		return out, fmt.Errorf("%w: %s", ErrJobCanceled, j.id)
	}
	dead := &DeadJobError{ID: j.id, Function: j.function, Attempts: rec.attempts, Reason: rec.reason}
	if len(rec.data) > 0 {
		dead.Cause = remote.Error(j.function, rec.data)
	}
	return out, dead
}
