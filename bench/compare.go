package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
)

// readRows reads what -json has printed.
func readRows(path string) (env environment, rows []row, err error) {
	f, err := os.Open(path)
	if err != nil {
		return env, nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var line struct {
			environment
			row
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return env, nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		switch {
		case line.Shape == "":
			env = line.environment
		case line.Ratio == 0:
			return env, nil, fmt.Errorf("%s:%d: the row of %s has no ratio: it must be of the output of -json", path, n, line.Shape)
		default:
			rows = append(rows, line.row)
		}
	}
	if err := lines.Err(); err != nil {
		return env, nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) == 0 {
		return env, nil, fmt.Errorf("%s has no rows: it must be the output of -json", path)
	}
	return env, rows, nil
}

// agreement is by how much of itself the ratio of two runs of the same code may differ,
// but for shapes that say otherwise.
const agreement = 0.05

// A rowKey says what a row is of.
type rowKey struct{ shape, backend, peer string }

func (w row) key() rowKey { return rowKey{w.Shape, w.Backend, w.Peer} }

// compareRows prints a line for each row that both runs have:
//
//	moved <shape> <backend> <peer> <old ratio> <new ratio> <change> <noise> <better|worse|-|?>
//
// The change is marked if it is beyond what two runs of the same code may differ by: the
// noise of both, and at least what the shape is known to waver by. It is ? where it would
// be, but one round does not tell its noise.
func compareRows(w io.Writer, was, is []row) {
	old := map[rowKey]row{}
	for _, r := range was {
		old[r.key()] = r
	}
	moved := 0
	for _, r := range is {
		o, ok := old[r.key()]
		if !ok {
			fmt.Fprintf(w, "# %s %s %s is new: %.3f\n", r.Shape, r.Backend, r.Peer, r.Ratio)
			continue
		}
		delete(old, r.key())
		change := r.Ratio/o.Ratio - 1
		noise := max(math.Hypot(o.Noise, r.Noise), wavering(r.Shape))
		mark := "-"
		switch {
		case math.Abs(change) <= noise:
		case o.Rounds == 1 || r.Rounds == 1:
			mark = "?"
		case change < 0:
			mark = "better"
			moved++
		default:
			mark = "worse"
			moved++
		}
		fmt.Fprintf(w, "moved %-4s %-9s %-20s %6.3f %6.3f %+6.1f%% %5.1f%% %s\n",
			r.Shape, r.Backend, r.Peer, o.Ratio, r.Ratio, 100*change, 100*noise, mark)
	}
	for _, r := range was {
		if _, left := old[r.key()]; left {
			fmt.Fprintf(w, "# %s %s %s is gone: it was %.3f\n", r.Shape, r.Backend, r.Peer, r.Ratio)
		}
	}
	fmt.Fprintf(w, "# %d of %d ratios moved beyond their noise\n", moved, len(is))
}

// compareEnvironments says so if the two runs were not made in the same one.
func compareEnvironments(w io.Writer, was, is environment) {
	text := func(e environment) string {
		return fmt.Sprintf("%s on %s, %d processors", e.Go, e.System, e.Processors)
	}
	if text(was) != text(is) {
		fmt.Fprintf(w, "# the old ratios are of %s, the new ones of %s\n", text(was), text(is))
	}
}

// wavering is what a shape is known to waver by.
func wavering(id string) float64 {
	for _, s := range shapes {
		if s.id == id {
			return max(agreement, s.wavers)
		}
	}
	return agreement
}
