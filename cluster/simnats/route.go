package simnats

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster/internal/natsproto"
)

// A subscription is a client's to a subject.
type subscription struct {
	client  *client
	sid     string
	subject []string // its tokens
	queue   string   // "" if it gets all messages
	left    int      // messages until it ends, -1 for no limit
}

func (s *Server) subscribe(c *client, args []string) error {
	if len(args) != 2 && len(args) != 3 || !valid(args[0], true) {
		return errSubject
	}
	sub := &subscription{client: c, sid: args[len(args)-1], subject: strings.Split(args[0], "."), left: -1}
	if len(args) == 3 {
		sub.queue = args[1]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.subs[sub.sid] == nil { // else it is the same once more
		c.subs[sub.sid] = sub
		s.order = append(s.order, sub)
	}
	return nil
}

func (s *Server) unsubscribe(c *client, args []string) error {
	if len(args) == 0 {
		return errOperation
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := c.subs[args[0]]
	if sub == nil {
		return nil
	}
	if len(args) > 1 {
		if n, err := strconv.Atoi(args[1]); err == nil && n > 0 {
			sub.left = n
			return nil
		}
	}
	s.drop(func(other *subscription) bool { return other == sub })
	return nil
}

// drop ends subscriptions. It needs Server.mu.
func (s *Server) drop(is func(*subscription) bool) {
	s.order = slices.DeleteFunc(s.order, func(sub *subscription) bool {
		if is(sub) {
			delete(sub.client.subs, sub.sid)
			return true
		}
		return false
	})
}

// publish takes a message of a client.
func (s *Server) publish(ctx context.Context, c *client, f natsproto.Frame) error {
	if len(f.Args) < 1 || !valid(f.Args[0], false) {
		return errPublish
	}
	if len(f.Headers)+len(f.Payload) > natsproto.MaxPayload {
		return errPayload
	}
	subject, reply := f.Args[0], ""
	if len(f.Args) > 1 {
		reply = f.Args[1]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	done := s.jetStream(ctx, subject, reply, f.Headers, f.Payload)
	heard := s.route(ctx, c, subject, subject, reply, f.Headers, f.Payload)
	if !done && !heard && reply != "" && c.asks {
		tokens := strings.Split(reply, ".")
		for _, sub := range s.order {
			if sub.client == c && matches(sub.subject, tokens) {
				s.deliver(sub, reply, "", []byte(natsproto.NoResponders+"\r\n"), nil)
				break
			}
		}
	}
	return nil
}

// route hands a message to all who have subscribed to a subject, which is not always the one
// that it shows, and to one of each queue. It reports whether there was anybody. It needs
// Server.mu.
func (s *Server) route(ctx context.Context, from *client, to, subject, reply string, headers, payload []byte) bool {
	tokens := strings.Split(to, ".")
	var queues []string
	members := map[string][]*subscription{}
	var subs []*subscription
	for _, sub := range s.order {
		switch {
		case !matches(sub.subject, tokens) || from != nil && sub.client == from && !from.echo:
		case sub.queue == "":
			subs = append(subs, sub)
		default:
			if members[sub.queue] == nil {
				queues = append(queues, sub.queue)
			}
			members[sub.queue] = append(members[sub.queue], sub)
		}
	}
	for _, q := range queues {
		subs = append(subs, members[q][anyio.Rand(ctx).IntN(len(members[q]))])
	}
	for _, sub := range subs {
		s.deliver(sub, subject, reply, headers, payload)
	}
	return len(subs) > 0
}

// interest reports whether anybody has subscribed to a subject. It needs Server.mu.
func (s *Server) interest(subject string) bool {
	tokens := strings.Split(subject, ".")
	return slices.ContainsFunc(s.order, func(sub *subscription) bool { return matches(sub.subject, tokens) })
}

// deliver sends a message to a subscription. It needs Server.mu.
func (s *Server) deliver(sub *subscription, subject, reply string, headers, payload []byte) {
	sub.client.send(natsproto.AppendMsg(nil, subject, sub.sid, reply, headers, payload))
	if sub.left > 0 {
		if sub.left--; sub.left == 0 {
			s.drop(func(other *subscription) bool { return other == sub })
		}
	}
}

// valid reports whether a subject has no empty tokens, and wildcards only where they may be.
func valid(subject string, wildcards bool) bool {
	tokens := strings.Split(subject, ".")
	for i, token := range tokens {
		switch {
		case token == "" || strings.ContainsAny(token, " \t"):
			return false
		case token == "*" && !wildcards, token == ">" && (!wildcards || i < len(tokens)-1):
			return false
		}
	}
	return true
}

// matches reports whether a subject is one of a pattern: * is any token, > at the end is
// any one or more.
func matches(pattern, subject []string) bool {
	for i, token := range pattern {
		switch {
		case i >= len(subject):
			return false
		case token == ">":
			return true
		case token != "*" && token != subject[i]:
			return false
		}
	}
	return len(pattern) == len(subject)
}
