package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio/process"
)

func TestMain(m *testing.M) {
	process.WorkerMain()
	if job := os.Getenv(childVar); job != "" {
		os.Exit(runChild(job, os.Stdout, os.Stderr))
	}
	if job := os.Getenv(serveVar); job != "" {
		os.Exit(runServer(job))
	}
	if job := os.Getenv(clientVar); job != "" {
		os.Exit(runClient(job))
	}
	manyTasks, pendingTimers = 100, 100
	status := m.Run()
	removeBigFile()
	removeWorkspace()
	os.Exit(status)
}

// tiny runs each side with one batch.
var tiny = effort{rounds: 1, round: time.Nanosecond, tasks: 500, idle: 50, small: true}

func TestEveryShapeGivesALineThatParses(t *testing.T) {
	old := testingT
	testingT = func() *testing.T { return t }
	defer func() { testingT = old }()
	for _, p := range pairs(shapes, regexp.MustCompile("")) {
		t.Run(p.id+"/"+p.backend, func(t *testing.T) {
			if p.memory != nil {
				if _, err := resident(); err != nil {
					t.Skip(err)
				}
			}
			rows, err := measure([]pair{p}, tiny)
			if errors.Is(err, errors.ErrUnsupported) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				checkText(t, p, r)
				checkJSON(t, r)
			}
		})
	}
}

func checkText(t *testing.T, p pair, r row) {
	t.Helper()
	var out bytes.Buffer
	newReport(&out, config{}).row(r)
	f := strings.Fields(out.String())
	if len(f) != 13 {
		t.Fatalf("%d fields in %q, want 13", len(f), out.String())
	}
	if f[0] != "ratio" || f[1] != p.id || f[2] != p.backend || f[4] != r.Peer {
		t.Errorf("ratio, shape, backend or peer are not in their places: %q", out.String())
	}
	for _, i := range []int{3, 5, 6, 7, 8, 9, 10, 11} {
		if v, err := strconv.ParseFloat(f[i], 64); err != nil || v < 0 && p.memory == nil && p.server == nil {
			t.Errorf("field %d is %q, want a number that is not negative", i, f[i])
		}
	}
	if f[12] != "met" && f[12] != "missed" && f[12] != "-" {
		t.Errorf("mark is %q", f[12])
	}
}

func checkJSON(t *testing.T, r row) {
	t.Helper()
	var out bytes.Buffer
	newReport(&out, config{json: true}).row(r)
	var back row
	if err := json.Unmarshal(out.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if back != r {
		t.Errorf("read back %+v, want %+v", back, r)
	}
}

func TestRunPrintsRemarksAndOneLineForEachPair(t *testing.T) {
	oldQuick := quick
	quick = tiny
	defer func() { quick = oldQuick }()
	for _, tc := range []struct {
		flags   []string
		ratios  int
		remarks int
	}{
		{[]string{"-run", "S3"}, 2, 3},
		{[]string{"-quick", "-run", "S[23]/eventloop", "-rounds", "2"}, 2, 3},
		{[]string{"-run", "S3", "-json"}, 0, 0},
	} {
		var out, errs bytes.Buffer
		if code := run(tc.flags, &out, &errs); code != 0 || errs.Len() > 0 {
			t.Errorf("%v: exit %d, %s", tc.flags, code, errs.String())
		}
		ratios, remarks := 0, 0
		for line := range strings.Lines(out.String()) {
			switch {
			case strings.HasPrefix(line, "ratio "):
				ratios++
			case strings.HasPrefix(line, "# "):
				remarks++
			case !json.Valid([]byte(line)):
				t.Errorf("%v: line %q is neither ratio, remark nor JSON", tc.flags, line)
			}
		}
		if ratios != tc.ratios || remarks != tc.remarks {
			t.Errorf("%v: %d ratios and %d remarks, want %d and %d", tc.flags, ratios, remarks, tc.ratios, tc.remarks)
		}
	}
}

func TestBadFlagsGetOneLineAndExit2(t *testing.T) {
	for _, flags := range [][]string{
		{"-nonsense"}, {"S1"}, {"-quick", "-full"}, {"-rounds", "-1"}, {"-rounds", "x"},
		{"-run", "("}, {"-json", "-markdown"}, {"-json", "-compare", "x"}, {"-run", "nothing-is-called-so"},
		{"-from", "x", "-rounds", "3"}, {"-from", "x", "-full"}, {"-from", "x", "-profile", "y"}, {"-scale", "-json"}, {"-scale", "-from", "x"},
	} {
		var out, errs bytes.Buffer
		if code := run(flags, &out, &errs); code != 2 {
			t.Errorf("%v: exit %d, want 2", flags, code)
		}
		if s := errs.String(); strings.Count(s, "\n") != 1 || !strings.HasPrefix(s, "bench: ") || out.Len() > 0 {
			t.Errorf("%v: printed %q and %q, want one line on standard error", flags, out.String(), s)
		}
	}
}

func TestBadChildJobIsAnError(t *testing.T) {
	for _, job := range []string{"", "S9b", "S9b peer 0", "S1a peer 10", "XX peer 10"} {
		err := measureChild(job, func(sample) { t.Errorf("job %q: it was measured", job) })
		if err == nil {
			t.Errorf("job %q: no error", job)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, tc := range []struct {
		in   []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 2, 9}, 3}} {
		var s []sample
		for _, v := range tc.in {
			s = append(s, sample{value: v})
		}
		if got := median(s, sample.v); got != tc.want {
			t.Errorf("median of %v is %v, want %v", tc.in, got, tc.want)
		}
	}
}

// On connections that stay, a round is more than a cold start.
func TestARoundHasFiftyEchoesForEachConnection(t *testing.T) {
	for _, s := range shapes {
		if s.server == nil || s.server.idle || s.batch < 64 {
			continue // one connection, or one for each operation
		}
		if s.least < 50*s.batch {
			t.Errorf("%s: a round of %d operations on %d connections", s.id, s.least, s.batch)
		}
	}
}

func TestAMeterCountsWhatAChildSpends(t *testing.T) {
	var m meter
	clock := int64(0)
	spent := func() (int64, error) { return clock, nil }
	if err := m.withChild(spent, func() error { clock += int64(time.Hour); return nil }); err != nil || m.cpu < time.Hour {
		t.Errorf("%v, %v", m.cpu, err)
	}
}

func TestScale(t *testing.T) {
	if _, err := processorTime(); err != nil {
		t.Skip(err)
	}
	var out strings.Builder
	if err := scale(&out, tiny); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2+2*2 {
		t.Fatalf("%d lines:\n%s", len(lines), &out)
	}
	for _, line := range lines[2:] {
		columns := strings.Split(strings.Trim(line, "| "), " | ")
		if len(columns) != 7 {
			t.Fatalf("%q", line)
		}
		for _, c := range columns[2:6] {
			if v, err := strconv.ParseFloat(strings.TrimSuffix(c, " µs"), 64); v <= 0 || err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}
	}
}
