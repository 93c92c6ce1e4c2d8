package cluster

import (
	"context"
	"time"
)

// A JobInfo tells a function of the job for which it runs.
type JobInfo struct {
	ID       string
	Attempt  int // 1 is the first
	Attempts int // how many there are at most
}

type jobKey struct{}

// CurrentJob returns the job for which a function runs; ok is false if it runs for a call.
func CurrentJob(ctx context.Context) (info JobInfo, ok bool) {
	info, ok = ctx.Value(jobKey{}).(JobInfo)
	return info, ok
}

// A retryError asks for another attempt.
type retryError struct {
	error
	after time.Duration
}

func (e *retryError) Unwrap() error { return e.error }

// Retry returns err as an error with which the function of a job asks for another attempt,
// a time from now, unless all are used up. In a call it is err. Retry of nil is nil.
func Retry(err error, after time.Duration) error {
	if err == nil {
		return nil
	}
	return &retryError{err, after}
}
