package sim

import (
	"github.com/anyio-go/anyio/internal/schedule"
	"github.com/anyio-go/anyio/internal/simtrace"
)

// Record is what the trace has recorded.
func (t *Trace) Record() *simtrace.Record { return t.r.Record() }

// StrategyOf has c make the choices of a run, also within steps if it is a schedule.Drawer.
func StrategyOf(c schedule.Chooser) Strategy { return Strategy{s: always{c}} }

type always struct{ schedule.Chooser }

func (always) String() string                                     { return "always" }
func (a always) Begin(uint64, *schedule.Profile) schedule.Chooser { return a.Chooser }
