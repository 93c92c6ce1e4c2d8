package natsproto

import "time"

// A StreamConfig is a stream of JetStream, as far as package cluster has any.
type StreamConfig struct {
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	Subjects    []string      `json:"subjects"`
	Retention   string        `json:"retention"` // limits or workqueue
	Discard     string        `json:"discard"`   // old or new
	DiscardPer  bool          `json:"discard_new_per_subject,omitempty"`
	MaxPer      int64         `json:"max_msgs_per_subject,omitempty"`
	MaxAge      time.Duration `json:"max_age,omitempty"`
	Storage     string        `json:"storage"` // file or memory
	Replicas    int           `json:"num_replicas"`
	AllowDirect bool          `json:"allow_direct,omitempty"`
	AllowMsgTTL bool          `json:"allow_msg_ttl,omitempty"`
	AllowRollup bool          `json:"allow_rollup_hdrs,omitempty"`
	DenyDelete  bool          `json:"deny_delete,omitempty"`
	RePublish   *RePublish    `json:"republish,omitempty"`
}

// A RePublish has what is stored published again, on another subject.
type RePublish struct {
	Source      string `json:"src"`
	Destination string `json:"dest"`
	HeadersOnly bool   `json:"headers_only,omitempty"`
}

// A ConsumerConfig is a consumer that is asked for messages.
type ConsumerConfig struct {
	Durable       string        `json:"durable_name"`
	Filter        string        `json:"filter_subject"`
	DeliverPolicy string        `json:"deliver_policy"`
	ReplayPolicy  string        `json:"replay_policy"`
	AckPolicy     string        `json:"ack_policy"` // explicit
	AckWait       time.Duration `json:"ack_wait"`
	MaxDeliver    int           `json:"max_deliver"`     // -1 is for ever
	MaxAckPending int           `json:"max_ack_pending"` // -1 is any number
	MaxWaiting    int           `json:"max_waiting"`
	Unused        time.Duration `json:"inactive_threshold,omitempty"`
}

// A ConsumerRequest makes a consumer.
type ConsumerRequest struct {
	Stream string         `json:"stream_name"`
	Config ConsumerConfig `json:"config"`
}

// A NextRequest asks a consumer for messages.
type NextRequest struct {
	Batch   int           `json:"batch,omitempty"`
	Expires time.Duration `json:"expires,omitempty"`
	NoWait  bool          `json:"no_wait,omitempty"`
}

// A GetRequest asks for a message of a subject, which may have wildcards.
type GetRequest struct {
	Last string `json:"last_by_subj,omitempty"` // the newest of this subject
	Next string `json:"next_by_subj,omitempty"` // or the first of this one
	From uint64 `json:"seq,omitempty"`          // from this number on
}

// A PurgeRequest takes messages out of a stream.
type PurgeRequest struct {
	Filter string `json:"filter,omitempty"` // of these subjects; "" is all
	Before uint64 `json:"seq,omitempty"`    // with smaller numbers; 0 is all
}

// A Response is what JetStream answers, with the fields that the question has.
type Response struct {
	Error    *Error         `json:"error,omitempty"`
	Stream   string         `json:"stream,omitempty"`
	Sequence uint64         `json:"seq,omitempty"`
	Config   *StreamConfig  `json:"config,omitempty"`
	Message  *StoredMessage `json:"message,omitempty"`
	Success  bool           `json:"success,omitempty"`
	Purged   uint64         `json:"purged,omitempty"`
}

// A StoredMessage is one of a stream.
type StoredMessage struct {
	Subject  string    `json:"subject"`
	Sequence uint64    `json:"seq"`
	Headers  []byte    `json:"hdrs,omitempty"`
	Data     []byte    `json:"data,omitempty"`
	Time     time.Time `json:"time"`
}

// An Error is what JetStream answers if it does not do what it was asked for.
type Error struct {
	Code        int    `json:"code"` // as of HTTP
	ErrCode     int    `json:"err_code,omitempty"`
	Description string `json:"description,omitempty"`
}

func (e *Error) Error() string { return e.Description }

// Errors of JetStream, by ErrCode.
const (
	ErrNoLeader          = 10008
	ErrNotLeader         = 10009
	ErrNoMessage         = 10037
	ErrStreamNameInUse   = 10058
	ErrStreamNotFound    = 10059
	ErrWrongSequence     = 10071
	ErrWrongSequenceOnce = 10164 // of a server that does not say which is the right one
	ErrStoreFailed       = 10077
	ErrTTLInvalid        = 10165
	ErrTTLDisabled       = 10166
	ErrBadRequest        = 10003
)

// MaxPerSubject begins what ErrStoreFailed says if a subject has all messages that it may.
const MaxPerSubject = "maximum messages per subject exceeded"

// Headers of messages for a stream.
const (
	ExpectedLastSubjectSequence = "Nats-Expected-Last-Subject-Sequence"
	MessageTTL                  = "Nats-TTL"
	Sequence                    = "Nats-Sequence" // of what comes from a stream
)
