package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anyio-go/anyio/asyncio"
)

const (
	maxLine  = 1000 // RFC 5321, 4.5.3.1.6
	maxSize  = 1 << 20
	maxTo    = 100
	patience = 5 * time.Minute // for the next data of a client
)

// A message is a mail as it was received. Its lines end with CRLF.
type message struct {
	from string
	to   []string
	data []byte
}

// A session is the protocol of one connection.
type session struct {
	asyncio.ProtocolDefaults
	*server
	ctx  context.Context // of the server
	loop *asyncio.Loop
	tr   asyncio.Transport
	idle *asyncio.TimerHandle

	in        []byte // received, not looked at yet
	greeted   bool
	mail      bool // MAIL was accepted
	content   bool // lines are the message, not commands
	dropped   bool // the message is too big
	encrypted bool
	upgrading bool // a handshake is under way
	m         message
}

// ConnectionMade implements asyncio.BaseProtocol.
func (s *session) ConnectionMade(tr asyncio.Transport) {
	s.tr = tr
	s.wait()
	s.reply(220, "ready")
}

// ConnectionLost implements asyncio.BaseProtocol.
func (s *session) ConnectionLost(error) { s.idle.Cancel() }

// PauseWriting lets a client that reads no answers send no more.
func (s *session) PauseWriting() { s.tr.PauseReading() }

// ResumeWriting implements asyncio.BaseProtocol.
func (s *session) ResumeWriting() { s.tr.ResumeReading() }

// wait lets the session end if nothing comes for long.
func (s *session) wait() {
	if s.idle != nil {
		s.idle.Cancel()
	}
	s.idle = s.loop.CallLater(patience, func() {
		s.reply(421, "nothing has come for too long")
		s.tr.Close()
	})
}

func (s *session) reply(code int, text string) { fmt.Fprintf(s.tr, "%d %s\r\n", code, text) }

// DataReceived implements asyncio.Protocol.
func (s *session) DataReceived(data []byte) {
	s.wait()
	s.in = append(s.in, data...)
	s.look()
}

// look takes the lines that are there whole. CRLF alone ends a line: who takes LF for an
// end sees other messages than the servers before it.
func (s *session) look() {
	for !s.upgrading && !s.tr.IsClosing() {
		i := bytes.Index(s.in, []byte("\r\n"))
		if i > maxLine || i < 0 && len(s.in) > maxLine {
			s.reply(500, "the line is too long")
			s.tr.Close()
			return
		}
		if i < 0 {
			return
		}
		line := s.in[:i]
		s.in = s.in[i+2:]
		if s.content {
			s.more(line)
		} else {
			s.command(string(line))
		}
	}
}

// more takes a line of a message.
func (s *session) more(line []byte) {
	if string(line) != "." {
		line = bytes.TrimPrefix(line, []byte(".")) // which the client has put before one
		if s.dropped = s.dropped || len(s.m.data)+len(line)+2 > maxSize; !s.dropped {
			s.m.data = append(append(s.m.data, line...), "\r\n"...)
		}
		return
	}
	if s.dropped {
		s.reply(552, "the message is too big")
	} else if err := s.deliver(s.m); err != nil {
		s.reply(451, err.Error())
	} else {
		s.reply(250, "taken")
	}
	s.reset()
}

func (s *session) reset() {
	s.m, s.mail, s.content, s.dropped = message{}, false, false, false
}

// command answers a line that is a command.
func (s *session) command(line string) {
	verb, arg, _ := strings.Cut(line, " ")
	switch verb = strings.ToUpper(verb); verb {
	case "HELO", "EHLO":
		s.hello(verb, arg)
	case "MAIL":
		s.from(arg)
	case "RCPT":
		s.recipient(arg)
	case "DATA":
		if len(s.m.to) == 0 {
			s.reply(503, "say MAIL and RCPT before")
			return
		}
		s.content = true
		s.reply(354, "go ahead, and end with a point alone on a line")
	case "STARTTLS":
		s.startTLS()
	case "RSET":
		s.reset()
		s.reply(250, "forgotten")
	case "NOOP":
		s.reply(250, "still here")
	case "VRFY":
		s.reply(252, "send some mail and see")
	case "QUIT":
		s.reply(221, "goodbye")
		s.tr.Close()
	default:
		s.reply(500, "there is no such command")
	}
}

func (s *session) hello(verb, name string) {
	if name == "" {
		s.reply(501, "say who you are")
		return
	}
	s.reset()
	s.greeted = true
	if verb == "HELO" {
		s.reply(250, "hello "+name)
		return
	}
	offers := []string{"hello " + name, "SIZE " + strconv.Itoa(maxSize), "8BITMIME", "PIPELINING"}
	if s.tls != nil && !s.encrypted {
		offers = append(offers, "STARTTLS")
	}
	for _, o := range offers[:len(offers)-1] {
		fmt.Fprintf(s.tr, "250-%s\r\n", o)
	}
	s.reply(250, offers[len(offers)-1])
}

func (s *session) from(arg string) {
	address, params, ok := path(arg, "FROM:")
	switch {
	case !s.greeted:
		s.reply(503, "say EHLO before")
	case s.mail:
		s.reply(503, "there is a sender already")
	case !ok:
		s.reply(501, "say MAIL FROM:<address>")
	case tooBig(params):
		s.reply(552, "the message is too big")
	default:
		s.m.from, s.mail = address, true
		s.reply(250, "fine")
	}
}

func (s *session) recipient(arg string) {
	address, _, ok := path(arg, "TO:")
	switch {
	case !s.mail:
		s.reply(503, "say MAIL before")
	case !ok || address == "":
		s.reply(501, "say RCPT TO:<address>")
	case len(s.m.to) == maxTo:
		s.reply(452, "these are too many")
	default:
		s.m.to = append(s.m.to, address)
		s.reply(250, "fine")
	}
}

// path is the address of MAIL or RCPT, and the words behind it.
func path(arg, keyword string) (address string, params []string, ok bool) {
	if len(arg) < len(keyword) || !strings.EqualFold(arg[:len(keyword)], keyword) {
		return "", nil, false
	}
	rest, ok := strings.CutPrefix(strings.TrimSpace(arg[len(keyword):]), "<")
	if !ok {
		return "", nil, false
	}
	address, rest, ok = strings.Cut(rest, ">")
	return address, strings.Fields(rest), ok
}

func tooBig(params []string) bool {
	return slices.ContainsFunc(params, func(p string) bool {
		size, found := strings.CutPrefix(strings.ToUpper(p), "SIZE=")
		n, err := strconv.ParseUint(size, 10, 64)
		return found && (err != nil || n > maxSize)
	})
}

// startTLS makes the connection an encrypted one, in a task, as a handshake has to wait.
func (s *session) startTLS() {
	switch {
	case s.tls == nil || s.encrypted:
		s.reply(502, "there is no more of that")
		return
	case len(s.in) > 0: // somebody has put commands into the plain stream
		s.reply(501, "nothing may come before the handshake")
		s.tr.Close()
		return
	}
	s.upgrading = true
	s.tr.PauseReading() // what comes now is for the handshake
	s.reply(220, "go ahead")
	asyncio.CreateTask(s.ctx, func(ctx context.Context) (struct{}, error) {
		tr, err := s.loop.StartTLS(ctx, s.tr, s.tls, asyncio.TLSOptions{Server: true})
		if err != nil {
			return struct{}{}, nil // the client's affair: the connection is lost
		}
		s.tr, s.encrypted, s.upgrading, s.greeted = tr, true, false, false
		s.reset()
		s.look()
		return struct{}{}, nil
	})
}
