// Package natsproto reads and writes the text protocol between clients and servers of NATS
// (docs.nats.io/reference/reference-protocols), and has what JetStream is asked and answers,
// as far as package cluster needs them.
package natsproto

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"github.com/anyio-go/anyio/stream"
)

const (
	// MaxPayload is how big a message may be: the default of servers.
	MaxPayload = 1 << 20
	maxLine    = 4096
	// maxRead is what a server may send: a stored message, in base64, within another one.
	maxRead = 2 * MaxPayload
)

// NoResponders begins the headers of what a client gets in place of an answer, if nobody
// has subscribed to what it has asked.
const NoResponders = "NATS/1.0 503\r\n"

// A Frame is one line of the protocol with what follows it.
type Frame struct {
	Verb    string   // in upper case
	Args    []string // INFO, CONNECT and -ERR have one, the rest of the line
	Headers []byte   // of HPUB and HMSG
	Payload []byte   // of PUB, HPUB, MSG and HMSG
}

// Read reads the next frame.
// Cancellation: it may have been read in part.
func Read(ctx context.Context, r *stream.BufferedReceiver) (Frame, error) {
	line, err := r.ReceiveUntil(ctx, "\r\n", maxLine)
	if err != nil {
		return Frame{}, err
	}
	verb, rest, _ := bytes.Cut(line, []byte(" "))
	f := Frame{Verb: string(bytes.ToUpper(verb))}
	switch f.Verb {
	case "INFO", "CONNECT", "-ERR":
		f.Args = []string{string(rest)}
		return f, nil
	}
	for _, arg := range bytes.Fields(rest) {
		f.Args = append(f.Args, string(arg))
	}
	sizes := map[string]int{"PUB": 1, "MSG": 1, "HPUB": 2, "HMSG": 2}[f.Verb]
	if sizes == 0 {
		return f, nil
	}
	if len(f.Args) < sizes+1 {
		return f, fmt.Errorf("nats: %q has too few arguments", line)
	}
	var size [2]int // of the headers, and in all
	for i, text := range f.Args[len(f.Args)-sizes:] {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > maxRead {
			return f, fmt.Errorf("nats: %q has no size that makes sense", line)
		}
		size[2-sizes+i] = n
	}
	if size[0] > size[1] {
		return f, fmt.Errorf("nats: %q has headers bigger than all of it", line)
	}
	f.Args = f.Args[:len(f.Args)-sizes]
	body, err := r.ReceiveExactly(ctx, size[1]+2)
	if err != nil {
		return f, err
	}
	if !bytes.HasSuffix(body, []byte("\r\n")) {
		return f, fmt.Errorf("nats: what follows %q is longer than it says", line)
	}
	f.Headers, f.Payload = body[:size[0]], body[size[0]:size[1]]
	return f, nil
}

// AppendPub appends a message of a client.
func AppendPub(b []byte, subject, reply string, payload []byte) []byte {
	return appendMessage(b, "PUB", subject, "", reply, nil, payload)
}

// AppendHPub appends a message of a client with headers, if there are any.
func AppendHPub(b []byte, subject, reply string, headers, payload []byte) []byte {
	if len(headers) > 0 {
		return appendMessage(b, "HPUB", subject, "", reply, headers, payload)
	}
	return AppendPub(b, subject, reply, payload)
}

// AppendMsg appends a message to a client, for its subscription sid.
func AppendMsg(b []byte, subject, sid, reply string, headers, payload []byte) []byte {
	if len(headers) > 0 {
		return appendMessage(b, "HMSG", subject, sid, reply, headers, payload)
	}
	return appendMessage(b, "MSG", subject, sid, reply, nil, payload)
}

func appendMessage(b []byte, verb, subject, sid, reply string, headers, payload []byte) []byte {
	b = append(append(b, verb...), ' ')
	b = append(append(b, subject...), ' ')
	for _, arg := range []string{sid, reply} {
		if arg != "" {
			b = append(append(b, arg...), ' ')
		}
	}
	if headers != nil {
		b = append(strconv.AppendInt(b, int64(len(headers)), 10), ' ')
	}
	b = strconv.AppendInt(b, int64(len(headers)+len(payload)), 10)
	b = append(append(b, "\r\n"...), headers...)
	return append(append(b, payload...), "\r\n"...)
}
