package simnats

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster/internal/natsproto"
)

// A Store is what a server keeps of JetStream, as a disk that survives the server and its
// host: give it to the next one. One server may have it at a time. The zero value is empty.
//
// What the server has acknowledged is there. Of what was on its way to it, or back, nobody
// knows. How often a message was delivered may be forgotten: servers write that down later.
type Store struct {
	streams []*jsStream // in the order of their making
}

// A jsStream keeps messages.
type jsStream struct {
	config    natsproto.StreamConfig
	subjects  [][]string // their tokens
	last      uint64     // the number of the newest message
	messages  []*stored
	consumers []*consumer
}

type stored struct {
	natsproto.StoredMessage
	expires time.Time // zero if it does not
}

// openStore takes over what the store has. It needs Server.mu.
func (s *Server) openStore(ctx context.Context) {
	if s.Store == nil {
		s.Store = &Store{}
	}
	for _, st := range s.Store.streams {
		for _, c := range st.consumers {
			c.reopen(ctx)
			s.plan(st, c)
		}
	}
}

func newStream(config natsproto.StreamConfig) *jsStream {
	st := &jsStream{config: config}
	for _, subject := range config.Subjects {
		st.subjects = append(st.subjects, strings.Split(subject, "."))
	}
	return st
}

// takes reports whether messages to a subject are for the stream.
func (st *jsStream) takes(subject []string) bool {
	return slices.ContainsFunc(st.subjects, func(pattern []string) bool { return matches(pattern, subject) })
}

// expire forgets what is too old.
func (st *jsStream) expire(now time.Time) {
	st.remove(func(m *stored) bool {
		age := st.config.MaxAge
		return !m.expires.IsZero() && !now.Before(m.expires) || age > 0 && now.Sub(m.Time) >= age
	})
}

// remove takes messages out, and returns how many there were.
func (st *jsStream) remove(is func(m *stored) bool) (n int) {
	st.messages = slices.DeleteFunc(st.messages, func(m *stored) bool {
		if !is(m) {
			return false
		}
		n++
		for _, c := range st.consumers {
			delete(c.pending, m.Sequence)
		}
		return true
	})
	return n
}

// subjectIs returns what reports whether the subject of a message is one of a pattern.
func subjectIs(pattern string) func(m *stored) bool {
	if !strings.ContainsAny(pattern, "*>") {
		return func(m *stored) bool { return m.Subject == pattern }
	}
	tokens := strings.Split(pattern, ".")
	return func(m *stored) bool { return matches(tokens, strings.Split(m.Subject, ".")) }
}

// lastOf returns the newest message of a subject, nil if there is none.
func (st *jsStream) lastOf(subject string) *stored {
	is := subjectIs(subject)
	for _, m := range slices.Backward(st.messages) {
		if is(m) {
			return m
		}
	}
	return nil
}

// nextOf returns the first message of a subject from a number on, nil if there is none.
func (st *jsStream) nextOf(subject string, from uint64) *stored {
	is := subjectIs(subject)
	for _, m := range st.messages {
		if m.Sequence >= from && is(m) {
			return m
		}
	}
	return nil
}

// store adds a message, unless the stream does not take it.
func (st *jsStream) store(now time.Time, subject string, headers, data []byte) (*stored, *natsproto.Error) {
	st.expire(now)
	newest := st.lastOf(subject)
	last := uint64(0)
	if newest != nil {
		last = newest.Sequence
	}
	if want := natsproto.Header(headers, natsproto.ExpectedLastSubjectSequence); want != "" && want != strconv.FormatUint(last, 10) {
		return nil, &natsproto.Error{Code: 400, ErrCode: natsproto.ErrWrongSequence, Description: "wrong last sequence: " + strconv.FormatUint(last, 10)}
	}
	m := &stored{StoredMessage: natsproto.StoredMessage{Subject: subject, Headers: slices.Clone(headers), Data: slices.Clone(data), Time: now.UTC()}}
	if text := natsproto.Header(headers, natsproto.MessageTTL); text != "" {
		ttl, err := time.ParseDuration(text)
		switch {
		case err != nil || ttl < time.Second:
			return nil, &natsproto.Error{Code: 400, ErrCode: natsproto.ErrTTLInvalid, Description: "invalid per-message TTL"}
		case !st.config.AllowMsgTTL:
			return nil, &natsproto.Error{Code: 400, ErrCode: natsproto.ErrTTLDisabled, Description: "per-message TTL is disabled"}
		}
		m.expires = now.Add(ttl)
	}
	if st.config.MaxPer > 0 && st.count(subject) >= st.config.MaxPer {
		if st.config.DiscardPer {
			return nil, &natsproto.Error{Code: 503, ErrCode: natsproto.ErrStoreFailed, Description: natsproto.MaxPerSubject}
		}
		first := slices.IndexFunc(st.messages, func(m *stored) bool { return m.Subject == subject })
		oldest := st.messages[first]
		st.remove(func(m *stored) bool { return m == oldest })
	}
	st.last++
	m.Sequence = st.last
	st.messages = append(st.messages, m)
	return m, nil
}

func (st *jsStream) count(subject string) (n int64) {
	for _, m := range st.messages {
		if m.Subject == subject {
			n++
		}
	}
	return n
}

// keep stores a message in the streams that take it, and reports whether there was one. It
// needs Server.mu.
func (s *Server) keep(ctx context.Context, subject, reply string, headers, data []byte) (kept bool) {
	tokens := strings.Split(subject, ".")
	for _, st := range s.Store.streams {
		if !st.takes(tokens) {
			continue
		}
		kept = true
		m, bad := st.store(anyio.Now(ctx), subject, headers, data)
		if bad != nil {
			s.answer(ctx, reply, natsproto.Response{Error: bad, Stream: st.config.Name})
			continue
		}
		s.answer(ctx, reply, natsproto.Response{Stream: st.config.Name, Sequence: m.Sequence})
		s.republish(ctx, st, m)
		for _, c := range st.consumers {
			s.hand(ctx, st, c)
		}
	}
	return kept
}

// origin are headers that tell where a message is from.
func (st *jsStream) origin(m *stored) []byte {
	return natsproto.AppendHeaders(nil, "Nats-Stream", st.config.Name, "Nats-Subject", m.Subject, natsproto.Sequence, strconv.FormatUint(m.Sequence, 10))
}

// republish tells of a message that was stored.
func (s *Server) republish(ctx context.Context, st *jsStream, m *stored) {
	r := st.config.RePublish
	if r == nil {
		return
	}
	// Only such pairs are taken, see check: a prefix is replaced by another one.
	rest, ok := strings.CutPrefix(m.Subject, strings.TrimSuffix(r.Source, ">"))
	if !ok {
		return
	}
	subject := strings.TrimSuffix(r.Destination, ">") + rest
	data := m.Data
	if r.HeadersOnly {
		data = nil
	}
	s.route(ctx, nil, subject, subject, "", st.origin(m), data)
}
