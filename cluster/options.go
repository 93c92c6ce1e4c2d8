package cluster

import (
	"reflect"
	"slices"
	"sync"
	"time"
)

// A CallOption is an option of Call, Go and Map.
type CallOption interface{ call(o *callOptions) }

type callOptions struct {
	codec  Codec
	labels []string
	noWait bool
}

type callOption func(o *callOptions)

func (f callOption) call(o *callOptions) { f(o) }

// Labels makes the call go to workers that have all these labels.
func Labels(labels ...string) CallOption {
	return callOption(func(o *callOptions) { o.labels = append(slices.Clip(o.labels), labels...) })
}

// NoWait makes the call fail with ErrBusy if all workers are busy.
func NoWait() CallOption { return callOption(func(o *callOptions) { o.noWait = true }) }

// A CodecOption is an option of calls and of jobs.
type CodecOption struct{ codec Codec }

// With makes the argument and the result travel by another codec than Gob.
func With(codec Codec) CodecOption { return CodecOption{codec} }

func (w CodecOption) call(o *callOptions) { o.codec = w.codec }
func (w CodecOption) job(o *jobOptions)   { o.codec = w.codec }

func optionsOf(opts []CallOption) callOptions {
	if len(opts) == 0 {
		return callOptions{codec: Gob}
	}
	o := callOptions{codec: Gob}
	for _, opt := range opts {
		opt.call(&o)
	}
	return o
}

// A JobOption is an option of Submit.
type JobOption interface{ job(o *jobOptions) }

type jobOptions struct {
	codec    Codec
	key      string
	keyed    bool
	attempts int
	keep     time.Duration
}

type jobOption func(o *jobOptions)

func (f jobOption) job(o *jobOptions) { f(o) }

const (
	defaultAttempts = 5
	defaultKeep     = time.Hour
	// mostKeep is what a server can add to its clock.
	mostKeep = 100 * 365 * 24 * time.Hour
)

// Key is an idempotency key: while there is a job of the same function with the same key,
// or its result, Submit returns that one, and stores no other, whatever the argument is.
func Key(key string) JobOption {
	return jobOption(func(o *jobOptions) { o.key, o.keyed = key, true })
}

// Attempts is how often a job is tried, if its workers die or it asks for another attempt,
// until it becomes a dead letter; the default is 5. An attempt is noted on the server when
// it begins, but the first of several, which would cost each job that: with 1 a job takes
// the server longer, and is never begun twice, unless a worker has handed it back. What is
// noted is kept until the job is over, however long nobody does it.
func Attempts(n int) JobOption { return jobOption(func(o *jobOptions) { o.attempts = n }) }

// KeepResult is how long the result of a job is kept; the default is an hour. It is a
// matter of whole seconds, and 100 years at most. With 0 what the function returns is told
// to those who wait for it already, and not kept, which costs the server half as much; an
// error is kept for an hour. A Key then tells the job from others only until it is over.
func KeepResult(d time.Duration) JobOption { return jobOption(func(o *jobOptions) { o.keep = d }) }

func jobOptionsOf(opts []JobOption) (jobOptions, error) {
	o := jobOptions{codec: Gob, attempts: defaultAttempts, keep: defaultKeep}
	for _, opt := range opts {
		opt.job(&o)
	}
	switch {
	case o.keyed && o.key == "":
		return o, misuse("Key: it is empty; jobs that are one need a key that tells them from others")
	case o.attempts < 1:
		return o, misuse("Attempts %d: want a positive number", o.attempts)
	case o.keep < time.Second && o.keep != 0, o.keep > mostKeep:
		return o, misuse("KeepResult %v: want a second at least and 100 years at most, or 0", o.keep)
	}
	return o, nil
}

// signatures are those of functions that were called, by name.
var signatures sync.Map

func signatureFor[In, Out any](name string) signature {
	if s, ok := signatures.Load(name); ok {
		return s.(signature)
	}
	s := signatureOf(name, reflect.TypeFor[In](), reflect.TypeFor[Out]())
	signatures.Store(name, s)
	return s
}
