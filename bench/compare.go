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
		if line.Shape == "" {
			env = line.environment
		} else {
			rows = append(rows, line.row)
		}
	}
	if err == nil && len(rows) == 0 {
		err = fmt.Errorf("%s has no rows: it must be the output of -json", path)
	}
	return env, rows, err
}

// agreement is by how much of itself the ratio of two runs of the same code may differ,
// but for shapes that say otherwise.
const agreement = 0.05

// A rowKey says what a row is of.
type rowKey struct{ shape, backend, peer string }

func (w row) key() rowKey { return rowKey{w.Shape, w.Backend, w.Peer} }

// compareRows prints a line for each row that both runs have:
//
//	moved <shape> <backend> <peer> <old ratio> <new ratio> <change> <noise> <better|worse|->
//
// The change is marked if it is beyond what two runs of the same code may differ by: the
// noise of both, and at least what the shape is known to waver by.
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
		if math.Abs(change) > noise {
			moved++
			if mark = "worse"; change < 0 {
				mark = "better"
			}
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

// wavering is what a shape is known to waver by.
func wavering(id string) float64 {
	for _, s := range shapes {
		if s.id == id {
			return max(agreement, s.wavers)
		}
	}
	return agreement
}
