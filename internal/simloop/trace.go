package simloop

import (
	"fmt"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/simnet"
	"github.com/anyio-go/anyio/internal/simtrace"
)

// A tracing tells a recorder what happens in a run. All of it is nil where nobody records.
type tracing struct {
	rec *simtrace.Recorder
}

// userCalls is how the recorder understands stacks.
func userCalls(pcs []uintptr) simtrace.Stack {
	call, places := kernel.UserCalls(pcs)
	return simtrace.Stack{Call: call, Places: places}
}

// teller tells of a task, on whichever goroutine.
func (s *Sim) teller(t *kernel.Task) simtrace.Teller {
	return func() (name, host string) {
		if host = simtrace.Localhost; s.net != nil {
			host = s.net.HostNameOf(&t.Scope)
		}
		return t.Name(), host
	}
}

// traceStep tells that t has its turn, or with nil a function that the loop calls; before
// that how the last step has ended.
//
//go:norace
func (s *Sim) traceStep(last, t *kernel.Task) {
	s.traceEnd(last)
	id, teller := uint64(0), simtrace.Teller(nil)
	if t != nil {
		id, teller = t.ID(), s.teller(t)
	}
	s.trace.rec.Step(s.steps, s.clock.now, id, teller)
}

// traceEnd tells how a task has ended, if it has.
//
//go:norace
func (s *Sim) traceEnd(t *kernel.Task) {
	if t == nil {
		return
	}
	s.trace.rec.Ended(t.ID(), func() (simtrace.End, string) {
		how, err, ok := t.Ended()
		switch {
		case !ok:
			return simtrace.Unknown, ""
		case how == kernel.Canceled:
			return simtrace.Canceled, ""
		case err != nil:
			return simtrace.Failed, err.Error()
		case how == kernel.Failed:
			return simtrace.Failed, ""
		}
		return simtrace.Ended, ""
	})
}

// traceStop tells that the calling task, t, gives way.
//
//go:noinline
//go:norace
func (s *Sim) traceStop(t *kernel.Task) {
	var at simtrace.Calls
	runtime.Callers(3, at[:])
	name := ""
	if op, _, ok := t.Awaits(); ok {
		if name = op.String(); name == "" {
			name = "something"
		}
	}
	s.trace.rec.Stop(t.ID(), name, &at)
}

// doer is who does what happens just now.
//
//go:norace
func (s *Sim) doer() simtrace.Doer {
	d := simtrace.Doer{By: simtrace.ByOther, Now: s.clock.now}
	if s.Loop.Firing() {
		d.By = simtrace.ByTimer
	} else if t := s.Loop.Current(); t != nil {
		d.By, d.ID = simtrace.ByTask, t.ID()
	}
	return d
}

// traceWake tells that t, which waits, is woken or canceled.
//
//go:norace
func (s *Sim) traceWake(t *kernel.Task) {
	if _, canceled, _ := t.Awaits(); canceled {
		s.trace.rec.Cancel(s.doer(), t.ID(), s.teller(t), t.AbortedFor())
	} else {
		s.trace.rec.Do(simtrace.Wake, s.doer(), t.ID(), s.teller(t))
	}
}

// Start is as kernel.Backend says.
//
//go:norace
func (s *Sim) Start(t *kernel.Task) {
	if s.trace.rec != nil {
		s.trace.rec.Do(simtrace.Start, s.doer(), t.ID(), s.teller(t))
	}
	s.Loop.Start(t)
}

// Yield is as kernel.Backend says.
//
//go:norace
func (s *Sim) Yield(forced bool) {
	if s.trace.rec != nil {
		if t := s.Loop.Current(); t != nil {
			s.traceStop(t)
		}
	}
	s.Loop.Yield(forced)
}

// traceTook tells which case a Select has taken.
func (s *Sim) traceTook(index int) {
	s.trace.rec.Say(simtrace.Note, s.doer(), fmt.Sprintf("Select takes case %d", index))
}

// traceStall tells that the run cannot go on.
func (s *Sim) traceStall(st *kernel.Stall, err error) {
	s.traceEnd(s.chosen)
	var tasks []simtrace.Stander
	for _, t := range st.Tasks {
		stands := simtrace.Stander{ID: t.ID, Name: t.Name, Depth: t.Depth, Op: t.Op, Places: t.Places}
		for _, h := range t.Holds {
			stands.Holds = append(stands.Holds, simtrace.Holding(h))
		}
		tasks = append(tasks, stands)
	}
	s.trace.rec.Stall(st.Kind, err.Error(), tasks)
}

// traceOver tells that the run is over.
func (s *Sim) traceOver() {
	s.traceEnd(s.chosen)
	s.trace.rec.Finish()
}

// A netTracer tells the recorder what the network does.
type netTracer struct{ *Sim }

// Packet is as simnet.Tracer says.
//
//go:norace
func (s netTracer) Packet(p *simnet.Packet, what, fate string) any {
	port := func(a netip.AddrPort) string { return strconv.Itoa(int(a.Port())) }
	told := simtrace.Packet{From: p.From, To: p.To, Src: port(p.Src), Dst: port(p.Dst), What: what, Bytes: len(p.Data)}
	if p.Protocol == "tcp" {
		told.What = flags(p)
		told.Control = told.What == "" && len(p.Data) == 0
	}
	if p.Again && !told.Control {
		told.What = strings.TrimSpace(told.What + " again")
	}
	return s.trace.rec.Send(s.doer(), told, fate)
}

// flags are those of a TCP packet that say more than that something has arrived.
func flags(p *simnet.Packet) string {
	switch {
	case p.SYN && p.ACK:
		return "SYN ACK"
	case p.SYN:
		return "SYN"
	case p.RST:
		return "RST"
	case p.FIN:
		return "FIN"
	}
	return ""
}

// Lost is as simnet.Tracer says.
func (s netTracer) Lost(packet any, fate string) {
	s.trace.rec.Lose(packet.(*simtrace.Message), fate)
}

// Arrives is as simnet.Tracer says.
func (s netTracer) Arrives(packet any) {
	m, _ := packet.(*simtrace.Message)
	s.trace.rec.Arrive(m, s.Now())
}

// Fault is as simnet.Tracer says.
func (s netTracer) Fault(text string) { s.trace.rec.Say(simtrace.Fault, s.doer(), text) }

var _ simnet.Tracer = netTracer{}

// Began is when the clock of every run begins.
func Began() time.Time { return epoch }
