package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/anyio-go/anyio"
)

// A jobStore is what this package needs of JetStream: streams that keep jobs, their
// results, and dead letters. Streams are made by calls that block; all else are questions
// to the server, whose answers come to the member's inbox.
type jobStore struct {
	c     *Conn
	lock  anyio.Lock // one opens at a time
	ready atomic.Bool

	mu     sync.Mutex
	closed bool
	last   uint64
	asked  map[uint64]*anyio.Future[message] // and what else waits for a message
}

var (
	errTaken    = errors.New("there is one already")
	errNoStore  = errors.New("nobody answers; JetStream may be off, or its streams are gone")
	errNoAnswer = errors.New("it does not answer")
)

// answerTime is how long the server may take for an answer, also if the connection is made
// again meanwhile.
const answerTime = 10 * time.Second

// deadAge is how long dead letters are kept, and notes of jobs at least.
const deadAge = 30 * 24 * time.Hour

func (st *jobStore) nats() *natsBus { return st.c.bus.(*natsBus) }

// stream returns the name of a stream. Names must not have dots.
func (st *jobStore) stream(what string) string {
	return strings.ReplaceAll(st.c.cfg.Prefix, ".", "=") + "-" + what
}

func (st *jobStore) subject(what, id string) string { return st.c.cfg.Prefix + "." + what + "." + id }

// open makes the streams, unless they are there.
func (st *jobStore) open(ctx context.Context) error {
	if st.ready.Load() {
		return nil
	}
	return st.lock.Do(ctx, func(ctx context.Context) error {
		if st.ready.Load() {
			return nil
		}
		b, err := st.c.real("jobs")
		if err != nil {
			return err
		}
		if err := anyio.RunBlocking(ctx, func() error { return st.makeStreams(b) }); err != nil {
			return fmt.Errorf("cluster: the server keeps no jobs: %w", err)
		}
		st.ready.Store(true)
		return nil
	})
}

// makeStreams blocks.
func (st *jobStore) makeStreams(b *natsBus) error {
	js, err := jetstream.New(b.nc)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	for _, want := range st.streams() {
		want.Storage = b.storage()
		s, err := js.Stream(ctx, want.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			s, err = js.CreateStream(ctx, want)
		}
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another member was faster
			s, err = js.Stream(ctx, want.Name)
		}
		if err != nil {
			return fmt.Errorf("stream %s: %w", want.Name, err)
		}
		if have := s.CachedInfo().Config; have.AllowMsgTTL != want.AllowMsgTTL {
			return fmt.Errorf("stream %s: results do not end there; want a server of NATS 2.11 or newer", want.Name)
		}
	}
	return nil
}

// streams are those that are made. They may be changed later, by the tools of NATS.
func (st *jobStore) streams() []jetstream.StreamConfig {
	prefix := st.c.cfg.Prefix
	return []jetstream.StreamConfig{{
		Name: st.stream("jobs"), Description: "jobs that are not over",
		Subjects:  []string{prefix + ".j.>"},
		Retention: jetstream.WorkQueuePolicy, AllowDirect: true,
		// There is no job twice, however long after the first it is submitted.
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true,
	}, {
		Name: st.stream("results"), Description: "how jobs have ended",
		Subjects: []string{prefix + ".jr.>", prefix + ".jn.>"}, AllowDirect: true,
		MaxMsgsPerSubject: 1, AllowMsgTTL: true,
		RePublish: &jetstream.RePublish{Source: prefix + ".jr.>", Destination: prefix + ".jh.>"},
	}, {
		Name: st.stream("dead"), Description: "jobs whose attempts are used up",
		Subjects: []string{prefix + ".jd.>"}, AllowDirect: true,
		MaxMsgsPerSubject: 1, MaxAge: deadAge,
	}}
}

// await begins to wait for a message; whoever gets it sets the future.
func (st *jobStore) await() (uint64, *anyio.Future[message], error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closed {
		return 0, nil, errClosed("the connection")
	}
	if st.asked == nil {
		st.asked = map[uint64]*anyio.Future[message]{}
	}
	st.last++
	answer := anyio.NewFuture[message]("the cluster's server")
	st.asked[st.last] = answer
	return st.last, answer, nil
}

func (st *jobStore) forget(n uint64) {
	st.mu.Lock()
	defer st.mu.Unlock()
	delete(st.asked, n)
}

// told takes the answer to a question.
func (st *jobStore) told(rest string, m message) {
	n, err := strconv.ParseUint(rest, 36, 64)
	if err != nil {
		return
	}
	st.mu.Lock()
	answer := st.asked[n]
	st.mu.Unlock()
	if answer != nil {
		_ = answer.Set(m)
	}
}

func (st *jobStore) close() {
	st.mu.Lock()
	st.closed = true
	asked := st.asked
	st.asked = nil
	st.mu.Unlock()
	for _, answer := range asked {
		_ = answer.SetError(errClosed("the connection"))
	}
}

// ask sends a message and returns its answer, which comes within a time.
func (st *jobStore) ask(ctx context.Context, msg *nats.Msg, within time.Duration) (message, error) {
	n, answer, err := st.await()
	if err != nil {
		return message{}, err
	}
	defer st.forget(n)
	msg.Reply = st.c.inbox + "a." + strconv.FormatUint(n, 36)
	if err := st.nats().nc.PublishMsg(msg); err != nil {
		return message{}, fmt.Errorf("cluster: asking the server: %w", err)
	}
	var m message
	late, err := anyio.MoveOnAfter(ctx, within, func(ctx context.Context) (err error) {
		m, err = answer.Await(ctx)
		return err
	})
	switch {
	case err != nil:
		return message{}, err
	case late:
		return message{}, fmt.Errorf("cluster: the server: %w in %v", errNoAnswer, within)
	}
	return m, nil
}

// An ack is the server's answer to a message for a stream, and to other requests.
type ack struct {
	Error *struct {
		Code        jetstream.ErrorCode `json:"err_code"`
		Description string              `json:"description"`
	} `json:"error"`
}

// do asks for something to be stored or done. errTaken says that it has been before.
func (st *jobStore) do(ctx context.Context, msg *nats.Msg) error {
	m, err := st.ask(ctx, msg, answerTime)
	if err != nil {
		return err
	}
	if m.nobody {
		st.ready.Store(false)
		return fmt.Errorf("cluster: the server: %w", errNoStore)
	}
	var a ack
	if err := json.Unmarshal(m.data, &a); err != nil {
		return fmt.Errorf("cluster: what the server answers: %w", err)
	}
	switch {
	case a.Error == nil:
		return nil
	case a.Error.Code == jetstream.JSErrCodeStreamWrongLastSequence,
		a.Error.Code == jetstream.JSErrCodeStreamWrongLastSequenceConstant,
		strings.Contains(a.Error.Description, "maximum messages per subject"):
		return errTaken
	}
	return fmt.Errorf("cluster: the server: %s", a.Error.Description)
}

// get returns the message of a subject in a stream, nil if there is none.
func (st *jobStore) get(ctx context.Context, stream, subject string) ([]byte, error) {
	m, err := st.ask(ctx, &nats.Msg{Subject: "$JS.API.DIRECT.GET." + st.stream(stream) + "." + subject}, answerTime)
	switch {
	case err != nil:
		return nil, err
	case m.nobody:
		st.ready.Store(false)
		return nil, fmt.Errorf("cluster: the server: %w", errNoStore)
	case m.status == "404":
		return nil, nil
	case m.status != "":
		return nil, fmt.Errorf("cluster: the server: status %s for a message of %s", m.status, subject)
	}
	return m.data, nil
}

// again is do, once more if the streams are gone, as after a restart of a server that
// has them in memory.
func (st *jobStore) again(ctx context.Context, what func(ctx context.Context) error) error {
	err := what(ctx)
	if !errors.Is(err, errNoStore) {
		return err
	}
	if err := st.open(ctx); err != nil {
		return err
	}
	return what(ctx)
}

// putResult stores how a job has ended; errTaken says that it had before.
func (st *jobStore) putResult(ctx context.Context, id string, keep time.Duration, record []byte) error {
	return st.do(ctx, &nats.Msg{
		Subject: st.subject("jr", id), Data: record,
		Header: nats.Header{jetstream.ExpectedLastSubjSeqHeader: {"0"}, jetstream.MsgTTLHeader: {seconds(keep)}},
	})
}

// seconds is a duration as a header, rounded up.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10) + "s"
}

// look returns what is stored of a job: itself, and how it has ended. In this order: a job
// that is neither was not there when it began.
func (st *jobStore) look(ctx context.Context, id string) (job, record []byte, err error) {
	err = st.again(ctx, func(ctx context.Context) error {
		job, err = st.get(ctx, "jobs", st.subject("j", id))
		return err
	})
	if err == nil {
		record, err = st.get(ctx, "results", st.subject("jr", id))
	}
	return job, record, err
}

// purge takes a subject's message out of a stream.
func (st *jobStore) purge(ctx context.Context, stream, subject string) error {
	data, err := json.Marshal(map[string]string{"filter": subject})
	if err != nil {
		return err
	}
	return st.do(ctx, &nats.Msg{Subject: "$JS.API.STREAM.PURGE." + st.stream(stream), Data: data})
}
