package anyiotest

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// The flags of a test binary that imports this package. Where a flag would
// disturb other packages (go test ./...), the environment sets its default.
var (
	backendsFlag = flag.String("anyio.backends", os.Getenv("ANYIO_BACKENDS"),
		"comma-separated `names` of the backends that anyiotest.Run uses; empty or \"all\": every one")
	seedsFlag = flag.String("anyio.seeds", os.Getenv("ANYIO_SEEDS"),
		"`seeds` of the simulator, such as 1,2,7 or 1-100; empty: 1-3, or what the test asks for")
	modelFlag = flag.String("anyio.model", os.Getenv("ANYIO_MODEL"),
		"`model` of the simulator, eventloop or goroutines, for tests whose SimConfig sets none; empty: eventloop")
	searchFlag = flag.Duration("anyio.search", 0,
		"`time` for which each anyiotest.Search goes on if nothing fails, in place of a number of schedules")
	replayFlag = flag.String("anyio.replay", "",
		"the only `schedule` that anyiotest.Search makes, as it has told it")
	cancelAtFlag = flag.Int("anyio.cancelat", -1,
		"the only schedule `point` at which anyiotest.CancelEverywhere cancels; negative: every one")
)

// allBackends is the order in which subtests run.
var allBackends = []string{"parallel", "eventloop", "sim"}

// defaultSeeds are used where neither flag nor test says otherwise.
var defaultSeeds = []uint64{1, 2, 3}

// maxSeeds guards against a range that nobody can have meant.
const maxSeeds = 1_000_000

// parseBackends turns the value of -anyio.backends into names, in the order of
// allBackends. Those that are linked in only for this test come last.
func parseBackends(list string) ([]string, error) {
	if list == "" || list == "all" {
		return allBackends, nil
	}
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		b, err := anyio.BackendByName(strings.TrimSpace(name))
		if err != nil {
			return nil, fmt.Errorf("-anyio.backends=%s: %w", list, err)
		}
		names = append(names, b.Name())
	}
	known := intersect(allBackends, names)
	others := slices.DeleteFunc(names, func(name string) bool { return slices.Contains(known, name) })
	return append(known, others...), nil
}

// intersect is what of all is in some, in the order of all.
func intersect(all, some []string) []string {
	var both []string
	for _, name := range all {
		if slices.Contains(some, name) {
			both = append(both, name)
		}
	}
	return both
}

// parseModel turns the value of -anyio.model into a model.
func parseModel(name string) (sim.Model, error) {
	for _, m := range []sim.Model{sim.EventLoop, sim.Goroutines} {
		if name == m.String() {
			return m, nil
		}
	}
	if name == "" {
		return sim.EventLoop, nil
	}
	return 0, fmt.Errorf("-anyio.model=%s: the models are %v and %v", name, sim.EventLoop, sim.Goroutines)
}

// parseSeeds turns the value of -anyio.seeds into numbers, each once, in the
// order given.
func parseSeeds(list string) ([]uint64, error) {
	var seeds []uint64
	seen := make(map[uint64]bool)
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		from, err := strconv.ParseUint(first, 10, 64)
		to := from
		if err == nil && isRange {
			to, err = strconv.ParseUint(last, 10, 64)
		}
		if err != nil || to < from {
			return nil, fmt.Errorf("-anyio.seeds=%s: %q is neither a number nor a range like 1-100", list, part)
		}
		if to-from >= maxSeeds {
			return nil, fmt.Errorf("-anyio.seeds=%s: %q has more than %d seeds", list, part, maxSeeds)
		}
		for i := range to - from + 1 {
			if seed := from + i; !seen[seed] {
				seen[seed] = true
				seeds = append(seeds, seed)
			}
		}
	}
	return seeds, nil
}
