package cluster

import (
	"context"
	"time"
)

// A message is what a bus carries.
type message struct {
	subject, reply string
	data           []byte
	status         string // of what a server says without data
	sequence       string // the number of a message that was asked for in a stream
}

// nobody reports whether it says, in place of an answer, that nobody listens to what was
// asked.
func (m message) nobody() bool { return m.status == "503" }

// headers are names and values, by turns.
type headers []string

// A bus is what this package needs of NATS: core messaging, at most once. What one client
// publishes comes to another in the order in which it was published.
type bus interface {
	publish(subject, reply string, data []byte) error
	publishHeaders(subject, reply string, h headers, data []byte) error
	// subscribe calls f for each message to a subject, one after the other. f must not
	// block. Of those who subscribe with the same queue one gets each message.
	subscribe(subject, queue string, f func(m message)) (subscription, error)
	// flush returns when the server has seen what was published and subscribed before.
	flush(ctx context.Context) error
	// after calls f once, a time from now, unless it is stopped before.
	after(d time.Duration, f func()) (stop func())
	now() time.Time
	// spawn runs f, which may block, beside all else. It ends with the bus.
	spawn(f func(ctx context.Context))
	// reconnects is how often the connection was made again.
	reconnects() uint64
	// storage is where the server is to keep what must survive it: file or memory.
	storage() string
	maxPayload() int
	// refusal is what the server has said last of a subject that this member may not use.
	refusal() error
	close(ctx context.Context) error
}

// A subscription is one that is made by a bus.
type subscription interface {
	// leave ends it. Messages that are on their way still come; then left is called, also if
	// the connection ends before. Leaving again does nothing.
	leave(left func())
	// drop ends it at once: messages that are on their way are lost.
	drop()
	// broken calls f if the subscription ends otherwise: the connection is closed for good.
	broken(f func())
}
