package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

// pythonGoal is how many times faster than AnyIO for Python each shape must be.
const pythonGoal = 30

// python sets our rows beside AnyIO for Python on its backends, each in a process
// of its own, after ours. What is not installed is skipped with a remark.
func python(interpreters []string, ours []row, remark func(format string, args ...any)) (rows []row) {
	var wanted []string
	for _, r := range ours {
		if r.Unit == "ns" && (len(wanted) == 0 || wanted[len(wanted)-1] != r.Shape) {
			wanted = append(wanted, r.Shape)
		}
	}
	for _, kind := range []string{"asyncio", "uvloop", "trio"} {
		theirs, err := runPythons(interpreters, kind, wanted)
		if err != nil {
			remark("AnyIO for Python on %s is left out: %v", kind, err)
			continue
		}
		seen := map[rowKey]bool{} // there is a row for each further peer
		for _, r := range ours {
			ns, ok := theirs[r.Shape]
			key := rowKey{shape: r.Shape, backend: r.Backend}
			if !ok || r.Backend == "sim" || seen[key] {
				continue
			}
			seen[key] = true
			rows = append(rows, row{
				Shape: r.Shape, Backend: r.Backend, Unit: r.Unit, Rounds: 1, // none that both take part in
				Ours: r.Ours, OurAllocs: r.OurAllocs, OurBytes: r.OurBytes,
				Peer: "python-" + kind, Theirs: ns,
				Ratio: r.Ours / ns, Goal: 1.0 / pythonGoal, Met: r.Ours*pythonGoal <= ns,
			})
		}
	}
	return rows
}

// runPythons tries one after the other.
func runPythons(interpreters []string, kind string, shapes []string) (ns map[string]float64, err error) {
	for _, python := range interpreters {
		if ns, err = runPython(python, kind, shapes); err == nil {
			break
		}
	}
	return ns, err
}

func runPython(interpreter, kind string, shapes []string) (map[string]float64, error) {
	path, err := exec.LookPath(interpreter)
	if err != nil {
		return nil, fmt.Errorf("no interpreter %s", interpreter)
	}
	script, err := peerSources.ReadFile("peers/anyio.py")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, append([]string{"-", kind, "0.3"}, shapes...)...)
	cmd.Stdin = bytes.NewReader(script)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if lines := strings.Split(strings.TrimSpace(stderr.String()), "\n"); lines[len(lines)-1] != "" {
			return nil, fmt.Errorf("%s", lines[len(lines)-1])
		}
		return nil, err
	}
	var ns map[string]float64
	err = json.Unmarshal(out, &ns)
	return ns, err
}
