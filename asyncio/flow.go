package asyncio

// Limits of the bytes that a transport buffers, unless others are set.
const (
	defaultHigh = 64 << 10
	defaultLow  = defaultHigh / 4
)

// A flow tells a protocol to pause writing and to resume.
type flow struct {
	limits *[2]int // low and high, nil for the default ones
	paused bool    // the protocol was told to pause
}

// writer is the part of a protocol that a flow tells.
type writer interface {
	PauseWriting()
	ResumeWriting()
}

func (f *flow) low() int {
	if f.limits == nil {
		return defaultLow
	}
	return f.limits[0]
}

func (f *flow) high() int {
	if f.limits == nil {
		return defaultHigh
	}
	return f.limits[1]
}

// set is SetWriteBufferLimits.
func (f *flow) set(high, low int) error {
	switch {
	case high < 0 && low < 0:
		high, low = defaultHigh, defaultLow
	case high < 0:
		high = 4 * low
	case low < 0:
		low = high / 4
	}
	if low > high {
		return misuse("SetWriteBufferLimits: the low limit must not be above the high one")
	}
	f.limits = &[2]int{low, high}
	return nil
}

// grown is told how many bytes are buffered when there are more. A panic of the protocol
// is reported and changes nothing.
func (f *flow) grown(l *Loop, p writer, size int, c ErrorContext) {
	if size > f.high() && !f.paused {
		f.paused = true
		c.Message = "PauseWriting of the protocol failed"
		l.guarded(c, p.PauseWriting)
	}
}

// shrunk is told when there are fewer.
func (f *flow) shrunk(l *Loop, p writer, size int, c ErrorContext) {
	if f.paused && size <= f.low() {
		f.paused = false
		c.Message = "ResumeWriting of the protocol failed"
		l.guarded(c, p.ResumeWriting)
	}
}

// guarded calls f. A panic is reported as c says, and the error. A Goexit is reported, too:
// what the caller must do nevertheless it defers.
func (l *Loop) guarded(c ErrorContext, f func()) (failed error) {
	returned := false
	defer func() {
		if !returned {
			v := recover()
			failed = failure(v, c.Message)
			c.Err = failed
			l.failed(c, v)
		}
	}()
	f()
	returned = true
	return nil
}

// guardedOr is guarded with what the caller must do if f has not returned.
func (l *Loop) guardedOr(c ErrorContext, f func(), otherwise func(error)) (failed error) {
	failed = errGoexit
	defer func() {
		if failed != nil {
			otherwise(failed)
		}
	}()
	failed = l.guarded(c, f)
	return failed
}
