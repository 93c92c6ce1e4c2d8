package cluster

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster/internal/natsproto"
)

// A jobStore is what this package needs of JetStream for jobs: streams that keep them, their
// results, and dead letters.
type jobStore struct {
	c *Conn
	opening

	mu     sync.Mutex
	closed bool
	last   uint64              // the number of the newest wait
	waits  map[uint64]*jobWait // for the ends of jobs
}

// deadAge is how long dead letters are kept, and notes about jobs that are over.
const deadAge = 30 * 24 * time.Hour

// stream returns the name of a stream.
func (st *jobStore) stream(what string) string { return storeName(st.c.cfg.Prefix, what) }

func (st *jobStore) subject(what, id string) string { return st.c.cfg.Prefix + "." + what + "." + id }

// makeStreams makes the streams, unless they are there.
func (st *jobStore) makeStreams(ctx context.Context) error {
	for _, want := range st.streams() {
		have, err := st.c.store.makeStream(ctx, want)
		if anyio.IsCancellation(err) {
			return err
		}
		if err == nil && have.AllowMsgTTL != want.AllowMsgTTL {
			err = fmt.Errorf("stream %s: results do not end there; want a server of NATS 2.11 or newer", want.Name)
		}
		if err != nil {
			return fmt.Errorf("cluster: the server keeps no jobs: %w", err)
		}
	}
	return nil
}

// streams are those that are made. They may be changed later, by the tools of NATS.
func (st *jobStore) streams() []natsproto.StreamConfig {
	prefix := st.c.cfg.Prefix
	return []natsproto.StreamConfig{{
		Name: st.stream("jobs"), Description: "jobs that are not over",
		Subjects:  []string{prefix + ".j.>"},
		Retention: "workqueue",
		// There is no job twice, however long after the first it is submitted.
		MaxPer: 1, Discard: "new", DiscardPer: true,
	}, {
		Name: st.stream("results"), Description: "how jobs have ended, and how many attempts of others have begun",
		Subjects:  []string{prefix + ".jr.>", prefix + ".jn.>"},
		Retention: "limits", Discard: "old", MaxPer: 1, AllowMsgTTL: true,
		RePublish: &natsproto.RePublish{Source: prefix + ".jr.>", Destination: prefix + ".jh.>"},
	}, {
		Name: st.stream("dead"), Description: "jobs whose attempts are used up",
		Subjects:  []string{prefix + ".jd.>"},
		Retention: "limits", Discard: "old", MaxPer: 1, MaxAge: deadAge,
	}}
}

// put stores a message; errTaken says that the stream takes none of this subject any more.
func (st *jobStore) put(ctx context.Context, subject string, h headers, data []byte) error {
	_, err := st.c.store.do(ctx, subject, h, data)
	return err
}

// get returns the message of a subject in a stream, nil if there is none.
func (st *jobStore) get(ctx context.Context, stream, subject string) (data []byte, err error) {
	data, _, err = st.c.store.get(ctx, st.stream(stream), subject)
	return data, err
}

// again is what may find the streams gone.
func (st *jobStore) again(ctx context.Context, what func(ctx context.Context) error) error {
	return st.c.store.again(ctx, st.reopen, what)
}

// putResult stores how a job has ended; errTaken says that it had before.
func (st *jobStore) putResult(ctx context.Context, id string, keep time.Duration, record []byte) error {
	return st.put(ctx, st.subject("jr", id), headers{natsproto.ExpectedLastSubjectSequence, "0", natsproto.MessageTTL, seconds(keep)}, record)
}

// seconds is a duration as a header, rounded up.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10) + "s"
}

// look returns what is stored of a job: itself, and how it has ended. In this order: a job
// that is neither was not there when it began.
func (st *jobStore) look(ctx context.Context, id string) (job, record []byte, err error) {
	job, _, record, err = st.lookNumbered(ctx, id)
	return job, record, err
}

// lookNumbered returns the number of the job's message as well, 0 if there is none.
func (st *jobStore) lookNumbered(ctx context.Context, id string) (job []byte, sequence uint64, record []byte, err error) {
	err = st.again(ctx, func(ctx context.Context) error {
		job, sequence, err = st.c.store.get(ctx, st.stream("jobs"), st.subject("j", id))
		return err
	})
	if err == nil {
		record, err = st.get(ctx, "results", st.subject("jr", id))
	}
	return job, sequence, record, err
}
