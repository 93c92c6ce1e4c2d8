package cluster

import (
	"reflect"
	"slices"
	"sync"
)

// A CallOption is an option of Call, Go and Map.
type CallOption func(*callOptions)

type callOptions struct {
	codec  Codec
	labels []string
	noWait bool
}

// Labels makes the call go to workers that have all these labels.
func Labels(labels ...string) CallOption {
	return func(o *callOptions) { o.labels = append(slices.Clip(o.labels), labels...) }
}

// NoWait makes the call fail with ErrBusy if all workers are busy.
func NoWait() CallOption { return func(o *callOptions) { o.noWait = true } }

// With makes the argument and the result travel by another codec than Gob.
func With(codec Codec) CallOption { return func(o *callOptions) { o.codec = codec } }

func optionsOf(opts []CallOption) callOptions {
	o := callOptions{codec: Gob}
	for _, opt := range opts {
		opt(&o)
	}
	return o
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
