package sim

import (
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/schedule"
)

// A Strategy says how the next task is chosen of those that are ready. All that is drawn
// comes from the seed. The zero value is a random walk as well, but of a run on it no
// Schedule is kept, and it is quicker with thousands of tasks.
//
// Which bugs a strategy finds soon depends on their kind. None is the best for all, so a
// search uses several.
type Strategy struct {
	s        schedule.Strategy
	explorer *schedule.Explorer // in place of s: that of an Explorer
}

// String returns the name of the strategy and its parameters, such as "pct(3)".
func (s Strategy) String() string {
	if s.explorer != nil {
		return "explorer"
	}
	if s.s == nil {
		return "random"
	}
	return s.s.String()
}

// Random returns the random walk: each of the ready tasks has the same probability at each
// step. No order is impossible, but one that takes n choices in a row is as rare as the
// product of their probabilities.
func Random() Strategy { return Strategy{s: schedule.Random{}} }

// PCT returns probabilistic concurrency testing: tasks have random priorities, the highest
// one that is ready runs, and at depth-1 random choices who runs falls below all others. In a
// run with n tasks and k choices it finds a bug that depends on the order of depth pairs of
// steps with a probability of at least 1/(n·k^(depth-1)). Depth is at least 1; few bugs need
// more than 3.
//
// Without a Config.Profile k is not known, and a power of two up to 2^14 is drawn for it.
// After 16 times as many steps it becomes a random walk, lest a task that polls keep all
// others from running.
//
// Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized Scheduler with Probabilistic
// Guarantees of Finding Bugs", ASPLOS 2010.
func PCT(depth int) Strategy { return Strategy{s: schedule.PCT{Depth: depth}} }

// URW returns the walk that is uniform over orders: a task is chosen with a probability
// that is proportional to the steps which it has left, with those of the tasks that it will
// start, as a run before has shown (see Config.Profile). A random walk prefers orders in
// which short tasks run early. Without a profile it is a random walk.
//
// Zhao, Wolff, Mathur and Roychoudhury, "Selectively Uniform Concurrency Testing",
// ASPLOS 2025.
func URW() Strategy { return Strategy{s: schedule.URW{}} }

// POS returns partial order sampling: each step that may be made next has a random priority,
// the highest one is made, and those that conflict with it draw again. The order of two steps
// that conflict then depends little on how many others there are that touch something else.
//
// What steps touch it knows from a run before with this strategy or SURW (see
// Config.Profile), which are watched for that as long as there is no such profile. Steps of
// which nothing is known conflict with all.
//
// Yuan, Yang and Gu, "Partial Order Aware Concurrency Sampling", CAV 2018.
func POS() Strategy { return Strategy{s: schedule.POS{}} }

// SURW returns the selectively uniform walk: it draws an object that several tasks use, and
// each order of the steps that touch it has the same probability, whatever else the tasks
// do. All other steps are a random walk, and so are all without a profile, which is that of
// a run with this strategy or POS.
//
// Zhao, Wolff, Mathur and Roychoudhury, "Selectively Uniform Concurrency Testing",
// ASPLOS 2025.
func SURW() Strategy { return Strategy{s: schedule.SURW{}} }

// Kinds returns the walk on which each kind of task has the same probability, which are those
// that run the same function, and of its tasks that are ready each one. One task that stops a
// hundred workers is then as likely to be next as one of them. In an eighth of the runs kinds
// have priorities instead, so that all tasks of one come before those of another.
func Kinds() Strategy { return Strategy{s: schedule.Kinds{}} }

// Sticky returns the walk on which who ran last goes on with a probability that is drawn for
// the run: in some runs switches are rare, in others tasks take turns nearly strictly.
func Sticky() Strategy { return Strategy{s: schedule.Sticky{}} }

// Rounds returns the strategy that has tasks take turns of one step or a few, in an order
// that is drawn for the run: all get equally far, and meet at the same place. Some runs
// repeat a drawn pattern of choices in place of that. It finds what needs the same turns
// again and again, such as a chain of any length on which two tasks alternate.
func Rounds() Strategy { return Strategy{s: schedule.Rounds{}} }

// Choices returns the strategy that takes each choice from a byte: it says which of the
// tasks that are ready, from the oldest on, modulo their number. Where there is no choice no
// byte is taken, and when all are taken the task that ran last goes on, or if it cannot the
// oldest; one choice in a thousand is then who has not run for longest. It is for what makes
// up schedules by itself, such as a fuzzer.
func Choices(choices []byte) Strategy { return Strategy{s: schedule.Bytes(choices)} }

// check is what is wrong with the strategy.
func (s Strategy) check() error {
	if p, ok := s.s.(schedule.PCT); ok && p.Depth < 1 {
		return &anyio.MisuseError{Text: fmt.Sprintf("sim.PCT(%d): the depth must be at least 1", p.Depth)}
	}
	return nil
}

// A Profile is what runs of a program are like: which tasks there are, how many steps
// each makes, and when packets are sent. It may be used by several simulators at the same
// time.
type Profile struct {
	p      *schedule.Profile
	lasted time.Duration
	busy   []time.Duration // when a packet was sent, or arrived
}

// Profile returns the profile of the last run, which has ended; nil if Config.Strategy and
// Config.Replay were not set.
func (s *Sim) Profile() *Profile {
	if s.last == nil || s.last.Tasks() == nil {
		return nil
	}
	return &Profile{schedule.NewProfile(s.last.Tasks()), s.last.Lasted(), s.last.Busy()}
}
