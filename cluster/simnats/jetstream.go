package simnats

import (
	"cmp"
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster/internal/natsproto"
)

// What JetStream is asked by.
const (
	apiPrefix = "$JS.API."
	ackPrefix = "$JS.ACK."
)

// jetStream does what a message asks JetStream for, and reports whether it asks for
// something that there is. It needs Server.mu.
func (s *Server) jetStream(ctx context.Context, subject, reply string, headers, data []byte) bool {
	if rest, ok := strings.CutPrefix(subject, ackPrefix); ok {
		return s.acknowledge(ctx, strings.Split(rest, "."), reply, string(data))
	}
	rest, ok := strings.CutPrefix(subject, apiPrefix)
	if !ok {
		return s.keep(ctx, subject, reply, headers, data)
	}
	tokens := strings.Split(rest, ".")
	for _, do := range []struct {
		what string // the last tokens are names
		f    func(ctx context.Context, names []string, reply string, data []byte) (natsproto.Response, *natsproto.Error)
	}{
		{"STREAM.INFO.*", s.streamInfo},
		{"STREAM.CREATE.*", s.createStream},
		{"STREAM.MSG.GET.*", s.getMessage},
		{"STREAM.PURGE.*", s.purge},
		{"CONSUMER.CREATE.*.*", s.createConsumer},
	} {
		pattern := strings.Split(do.what, ".")
		if !matches(pattern, tokens) {
			continue
		}
		r, err := do.f(ctx, tokens[len(pattern)-strings.Count(do.what, "*"):], reply, data)
		r.Error = err
		s.answer(ctx, reply, r)
		return true
	}
	if names, ok := strings.CutPrefix(rest, "DIRECT.GET."); ok {
		stream, subject, _ := strings.Cut(names, ".")
		return s.getDirect(ctx, stream, subject, reply)
	}
	if len(tokens) == 5 && strings.HasPrefix(rest, "CONSUMER.MSG.NEXT.") {
		return s.next(ctx, tokens[3], tokens[4], reply, data)
	}
	return false
}

// answer sends an answer. It needs Server.mu.
func (s *Server) answer(ctx context.Context, reply string, r natsproto.Response) {
	if data, err := json.Marshal(r); err == nil && reply != "" {
		s.route(ctx, nil, reply, reply, "", nil, data)
	}
}

func bad(text string) *natsproto.Error {
	return &natsproto.Error{Code: 400, ErrCode: natsproto.ErrBadRequest, Description: text}
}

var notFound = &natsproto.Error{Code: 404, ErrCode: natsproto.ErrStreamNotFound, Description: "stream not found"}

// find returns a stream without what is too old, nil if there is none.
func (s *Server) find(ctx context.Context, name string) *jsStream {
	i := slices.IndexFunc(s.Store.streams, func(st *jsStream) bool { return st.config.Name == name })
	if i < 0 {
		return nil
	}
	st := s.Store.streams[i]
	st.expire(anyio.Now(ctx))
	return st
}

func (s *Server) streamInfo(ctx context.Context, names []string, _ string, _ []byte) (r natsproto.Response, _ *natsproto.Error) {
	st := s.find(ctx, names[0])
	if st == nil {
		return r, notFound
	}
	r.Config = &st.config
	return r, nil
}

func (s *Server) createStream(ctx context.Context, names []string, _ string, data []byte) (r natsproto.Response, _ *natsproto.Error) {
	var config natsproto.StreamConfig
	if err := json.Unmarshal(data, &config); err != nil || config.Name != names[0] {
		return r, bad("bad request")
	}
	if text := check(config); text != "" {
		return r, bad(text)
	}
	if st := s.find(ctx, config.Name); st != nil {
		if !reflect.DeepEqual(st.config, config) {
			return r, &natsproto.Error{Code: 400, ErrCode: natsproto.ErrStreamNameInUse, Description: "stream name already in use with a different configuration"}
		}
		r.Config = &st.config
		return r, nil
	}
	st := newStream(config)
	s.Store.streams = append(s.Store.streams, st)
	r.Config = &st.config
	return r, nil
}

// check says what of a configuration is not simulated, "" if all is.
func check(config natsproto.StreamConfig) string {
	r := config.RePublish
	switch {
	case config.Replicas > 1:
		return "replicas > 1 not supported in non-clustered mode"
	case r != nil && (!strings.HasSuffix(r.Source, ">") || !strings.HasSuffix(r.Destination, ">")):
		return "republish is simulated from PREFIX.> to PREFIX.>"
	case len(config.Subjects) == 0:
		return "a simulated stream has subjects"
	}
	return ""
}

func (s *Server) getMessage(ctx context.Context, names []string, _ string, data []byte) (r natsproto.Response, _ *natsproto.Error) {
	var ask natsproto.GetRequest
	st := s.find(ctx, names[0])
	if st == nil {
		return r, notFound
	}
	if err := json.Unmarshal(data, &ask); err != nil || (ask.Last == "") == (ask.Next == "") || ask.Last != "" && ask.From != 0 {
		return r, bad("messages are simulated by their subjects")
	}
	m := st.lastOf(ask.Last)
	if ask.Next != "" {
		m = st.nextOf(ask.Next, ask.From)
	}
	if m == nil {
		return r, &natsproto.Error{Code: 404, ErrCode: natsproto.ErrNoMessage, Description: "no message found"}
	}
	r.Message = &m.StoredMessage
	return r, nil
}

// getDirect answers with a message as it is. It needs Server.mu.
func (s *Server) getDirect(ctx context.Context, stream, subject, reply string) bool {
	st := s.find(ctx, stream)
	if st == nil || !st.config.AllowDirect {
		return false
	}
	m := st.lastOf(subject)
	if m == nil {
		s.status(ctx, reply, "404 Message Not Found")
		return true
	}
	s.route(ctx, nil, reply, reply, "", st.origin(m), m.Data)
	return true
}

func (s *Server) purge(ctx context.Context, names []string, _ string, data []byte) (r natsproto.Response, _ *natsproto.Error) {
	var ask natsproto.PurgeRequest
	st := s.find(ctx, names[0])
	if st == nil {
		return r, notFound
	}
	if err := json.Unmarshal(data, &ask); err != nil && len(data) > 0 {
		return r, bad("bad request")
	}
	is := subjectIs(cmp.Or(ask.Filter, ">"))
	n := st.remove(func(m *stored) bool { return is(m) && (ask.Before == 0 || m.Sequence < ask.Before) })
	r.Success, r.Purged = true, uint64(n)
	return r, nil
}
