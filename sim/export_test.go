package sim

import "github.com/anyio-go/anyio/internal/simtrace"

// Record is what the trace has recorded.
func (t *Trace) Record() *simtrace.Record { return t.r.Record() }
