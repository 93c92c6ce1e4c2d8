package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster/internal/natsproto"
)

// A jetStream asks the server for what JetStream keeps. It speaks the protocol of JetStream
// itself, over the bus: so it is the same with a real server and a simulated one. Answers
// come to the member's inbox.
type jetStream struct {
	c *Conn

	mu     sync.Mutex
	closed bool
	last   uint64
	asked  map[uint64]*anyio.Future[message] // and what else waits for a message
	direct map[string]bool                   // the streams that any server may be asked about
}

var (
	errTaken    = errors.New("there is one already")
	errNoStore  = errors.New("nobody answers; JetStream may be off, or its streams are gone")
	errAway     = errors.New("it is not available for now")
	errNoAnswer = errors.New("it does not answer")
)

const (
	// answerTime is how long the server may take for an answer, also if the connection is
	// made again meanwhile.
	answerTime = 10 * time.Second
	// apiTime is how long an answer of JetStream itself may take, before it is asked again.
	apiTime = 2 * time.Second
	// A server that is away, as replicas choose a leader, is asked again so often.
	awayPause = 100 * time.Millisecond
)

// await begins to wait for a message; whoever gets it sets the future.
func (js *jetStream) await() (uint64, *anyio.Future[message], error) {
	js.mu.Lock()
	defer js.mu.Unlock()
	if js.closed {
		return 0, nil, errClosed("the connection")
	}
	if js.asked == nil {
		js.asked = map[uint64]*anyio.Future[message]{}
	}
	js.last++
	answer := anyio.NewFuture[message]("the cluster's server")
	js.asked[js.last] = answer
	return js.last, answer, nil
}

func (js *jetStream) forget(n uint64) {
	js.mu.Lock()
	defer js.mu.Unlock()
	delete(js.asked, n)
}

// told takes the answer to a question.
func (js *jetStream) told(rest string, m message) {
	n, err := strconv.ParseUint(rest, 36, 64)
	if err != nil {
		return
	}
	js.mu.Lock()
	answer := js.asked[n]
	js.mu.Unlock()
	if answer != nil {
		_ = answer.Set(m)
	}
}

func (js *jetStream) close() {
	js.mu.Lock()
	js.closed = true
	asked := inOrder(js.asked, cmp.Compare)
	js.asked = nil
	js.mu.Unlock()
	for _, answer := range asked {
		_ = answer.SetError(errClosed("the connection"))
	}
}

// ask sends a message and returns its answer, which comes within a time.
func (js *jetStream) ask(ctx context.Context, subject string, h headers, data []byte, within time.Duration) (message, error) {
	n, answer, err := js.await()
	if err != nil {
		return message{}, err
	}
	defer js.forget(n)
	if err := js.c.bus.publishHeaders(subject, js.c.inbox+"a."+strconv.FormatUint(n, 36), h, data); err != nil {
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
	case late && js.c.refused(subject) != nil:
		return message{}, fmt.Errorf("cluster: asking the server: %w", js.c.refused(subject))
	case late:
		return message{}, fmt.Errorf("cluster: the server: %w in %v", errNoAnswer, within)
	}
	return m, nil
}

// do asks for something to be stored or done. errTaken says that it has been before. While
// replicas have no leader it waits.
func (js *jetStream) do(ctx context.Context, subject string, h headers, data []byte) (r natsproto.Response, err error) {
	err = js.insist(ctx, func(ctx context.Context) error {
		r, err = js.try(ctx, subject, h, data, answerTime)
		return err
	}, nil, errAway)
	return r, err
}

// doAgain is do of what may be stored twice: without an answer it is asked for again.
func (js *jetStream) doAgain(ctx context.Context, subject string, h headers, data []byte) (r natsproto.Response, err error) {
	err = js.insist(ctx, func(ctx context.Context) error {
		r, err = js.try(ctx, subject, h, data, apiTime)
		return err
	}, nil, errAway, errNoAnswer)
	return r, err
}

// insist does something again, after a pause, while it fails with one of these errors, for
// answerTime. What mends that, if there is something, is done before.
func (js *jetStream) insist(ctx context.Context, what, mend func(ctx context.Context) error, failures ...error) error {
	for begun := js.c.bus.now(); ; {
		err := what(ctx)
		if !slices.ContainsFunc(failures, func(e error) bool { return errors.Is(err, e) }) || js.c.bus.now().Sub(begun) > answerTime {
			return err
		}
		if mend != nil {
			if err := mend(ctx); err != nil {
				return err
			}
		}
		if err := anyio.Sleep(ctx, awayPause); err != nil {
			return err
		}
	}
}

func (js *jetStream) try(ctx context.Context, subject string, h headers, data []byte, most time.Duration) (r natsproto.Response, err error) {
	m, err := js.ask(ctx, subject, h, data, most)
	if err != nil {
		return r, err
	}
	if m.nobody() {
		return r, fmt.Errorf("cluster: the server: %w", errNoStore)
	}
	if err := json.Unmarshal(m.data, &r); err != nil {
		return r, fmt.Errorf("cluster: what the server answers: %w", err)
	}
	switch e := r.Error; {
	case e == nil:
		return r, nil
	case e.ErrCode == natsproto.ErrWrongSequence, e.ErrCode == natsproto.ErrWrongSequenceOnce,
		e.ErrCode == natsproto.ErrStoreFailed && strings.Contains(e.Description, natsproto.MaxPerSubject):
		return r, errTaken
	case e.ErrCode == natsproto.ErrStreamNotFound:
		return r, fmt.Errorf("cluster: the server: %w: %w", errNoStore, e)
	case e.ErrCode == natsproto.ErrNoLeader, e.ErrCode == natsproto.ErrNotLeader:
		return r, fmt.Errorf("cluster: the server: %w: %w", errAway, e)
	}
	return r, fmt.Errorf("cluster: the server: %w", r.Error)
}

// api asks JetStream itself. That may be done twice: without a leader nobody answers.
func (js *jetStream) api(ctx context.Context, what string, in any) (r natsproto.Response, err error) {
	var data []byte
	if in != nil {
		if data, err = json.Marshal(in); err != nil {
			return r, err
		}
	}
	return js.doAgain(ctx, "$JS.API."+what, nil, data)
}

func hasCode(err error, code int) bool {
	e, ok := errors.AsType[*natsproto.Error](err)
	return ok && e.ErrCode == code
}

// get returns the message of a subject in a stream, and its number; nil and 0 if there is
// none. Where the stream has replicas the one that leads is asked: others may not know of it.
func (js *jetStream) get(ctx context.Context, stream, subject string) (data []byte, seq uint64, err error) {
	js.mu.Lock()
	direct := js.direct[stream]
	js.mu.Unlock()
	if direct {
		return js.getDirect(ctx, stream, subject)
	}
	r, err := js.api(ctx, "STREAM.MSG.GET."+stream, natsproto.GetRequest{Last: subject})
	switch {
	case hasCode(err, natsproto.ErrNoMessage):
		return nil, 0, nil
	case err != nil:
		return nil, 0, err
	case r.Message == nil:
		return nil, 0, fmt.Errorf("cluster: the server answers without a message of %s", subject)
	}
	return append([]byte{}, r.Message.Data...), r.Message.Sequence, nil
}

// getDirect asks any server that has the stream, past the queue of requests to JetStream.
func (js *jetStream) getDirect(ctx context.Context, stream, subject string) (data []byte, seq uint64, err error) {
	m, err := js.ask(ctx, "$JS.API.DIRECT.GET."+stream+"."+subject, nil, nil, answerTime)
	switch {
	case err != nil:
		return nil, 0, err
	case m.nobody():
		return nil, 0, fmt.Errorf("cluster: the server: %w", errNoStore)
	case m.status == "404":
		return nil, 0, nil
	case m.status != "":
		return nil, 0, fmt.Errorf("cluster: the server: status %s for a message of %s", m.status, subject)
	}
	if seq, err = strconv.ParseUint(m.sequence, 10, 64); err != nil {
		return nil, 0, fmt.Errorf("cluster: the server answers without the number of a message of %s: %w", subject, err)
	}
	return append([]byte{}, m.data...), seq, nil
}

// purgeTo takes a subject's message out of a stream, unless it is newer than that of the
// number.
func (js *jetStream) purgeTo(ctx context.Context, stream, subject string, newest uint64) error {
	_, err := js.api(ctx, "STREAM.PURGE."+stream, natsproto.PurgeRequest{Filter: subject, Before: newest + 1})
	return err
}

// makeStream returns a stream as it is, and makes it if it is not there.
func (js *jetStream) makeStream(ctx context.Context, want natsproto.StreamConfig) (*natsproto.StreamConfig, error) {
	want.Storage, want.Replicas = js.c.bus.storage(), max(js.c.cfg.Replicas, 1)
	want.AllowDirect = want.Replicas == 1
	r, err := js.api(ctx, "STREAM.INFO."+want.Name, nil)
	if hasCode(err, natsproto.ErrStreamNotFound) {
		r, err = js.api(ctx, "STREAM.CREATE."+want.Name, want)
	}
	if hasCode(err, natsproto.ErrStreamNameInUse) { // another member was faster
		r, err = js.api(ctx, "STREAM.INFO."+want.Name, nil)
	}
	if err == nil && r.Config == nil {
		err = errNoStore
	}
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", want.Name, err)
	}
	js.mu.Lock()
	defer js.mu.Unlock()
	if js.direct == nil {
		js.direct = map[string]bool{}
	}
	js.direct[want.Name] = r.Config.AllowDirect && r.Config.Replicas <= 1
	return r.Config, nil
}

// again does something. If the store is gone, as after a restart of a server that has it in
// memory, it is opened again; if it is there it may be without a leader for a moment.
func (js *jetStream) again(ctx context.Context, open, what func(ctx context.Context) error) error {
	return js.insist(ctx, what, open, errNoStore)
}

// An opening makes what is needed on the server, once, and again when that is gone.
type opening struct {
	lock  anyio.Lock // one does so at a time
	ready atomic.Bool
	make  func(ctx context.Context) error
}

// open makes it, unless it is there.
func (o *opening) open(ctx context.Context) error {
	if o.ready.Load() {
		return nil
	}
	return o.lock.Do(ctx, func(ctx context.Context) error {
		if o.ready.Load() {
			return nil
		}
		err := o.make(ctx)
		o.ready.Store(err == nil)
		return err
	})
}

// reopen makes again what is gone.
func (o *opening) reopen(ctx context.Context) error {
	o.ready.Store(false)
	return o.open(ctx)
}

// storeName is the name of a stream, which must not have dots.
func storeName(prefix, what string) string { return strings.ReplaceAll(prefix, ".", "=") + "-" + what }
