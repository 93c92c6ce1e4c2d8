package main

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes a file of rows as -json does.
func write(t *testing.T, rows ...row) string {
	t.Helper()
	var out bytes.Buffer
	rep := newReport(&out, config{json: true})
	rep.begin()
	for _, r := range rows {
		rep.row(r)
	}
	path := filepath.Join(t.TempDir(), "rows.json")
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCompareMarksWhatIsBeyondTheNoise(t *testing.T) {
	r := func(shape string, ratio, noise float64) row {
		return row{Shape: shape, Backend: "parallel", Peer: "p", Unit: "ns", Ratio: ratio, Noise: noise, Goal: 1}
	}
	was := write(t, r("S4", 1, 0), r("S8a", 1, 0), r("S1c", 1, 0.10), r("S2", 1, 0), r("S3", 2, 0))
	is := write(t, r("S4", 1.04, 0), r("S8a", 1.20, 0.01), r("S1c", 1.11, 0.10), r("S2", 0.5, 0), r("V9", 3, 0))
	var out, errs bytes.Buffer
	if code := run([]string{"-from", is, "-compare", was}, &out, &errs); code != 0 || errs.Len() > 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	for _, want := range []string{
		"moved S4   parallel  p                     1.000  1.040   +4.0%   5.0% -\n",
		"  1.200  +20.0%   5.0% worse\n",
		"  1.110  +11.0%  14.1% -\n",
		"  0.500  -50.0%   5.0% better\n",
		"# V9 parallel p is new: 3.000\n",
		"# S3 parallel p is gone: it was 2.000\n",
		"# 2 of 5 ratios moved beyond their noise\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// One round does not tell how much it is off.
func TestCompareLeavesOpenWhatOneRoundSays(t *testing.T) {
	of := func(ratio float64, rounds int) string {
		return write(t, row{Shape: "S2", Backend: "parallel", Peer: "p", Ratio: ratio, Rounds: rounds})
	}
	for _, tc := range []struct {
		was, is int
		want    string
	}{{11, 11, "worse"}, {1, 11, "?"}, {11, 1, "?"}} {
		var out, errs bytes.Buffer
		if code := run([]string{"-from", of(2, tc.is), "-compare", of(1, tc.was)}, &out, &errs); code != 0 {
			t.Fatalf("exit %d: %s", code, errs.String())
		}
		if !strings.Contains(out.String(), "5.0% "+tc.want+"\n") {
			t.Errorf("%d rounds and %d: no %q in\n%s", tc.was, tc.is, tc.want, out.String())
		}
	}
}

func TestRunChoosesAmongRowsOfFiles(t *testing.T) {
	was := write(t, row{Shape: "S2", Backend: "parallel", Peer: "p", Ratio: 1}, row{Shape: "S3", Backend: "parallel", Peer: "p", Ratio: 1},
		row{Shape: "S4", Backend: "parallel", Peer: "p", Ratio: 1})
	is := write(t, row{Shape: "S2", Backend: "parallel", Peer: "p", Ratio: 1}, row{Shape: "S3", Backend: "parallel", Peer: "p", Ratio: 1})
	for _, more := range [][]string{nil, {"-compare", was}, {"-markdown"}} {
		var out, errs bytes.Buffer
		if code := run(append([]string{"-from", is, "-run", "S2/parallel"}, more...), &out, &errs); code != 0 {
			t.Fatalf("exit %d: %s", code, errs.String())
		}
		if s := out.String(); !strings.Contains(s, "S2") || strings.Contains(s, "S3") || strings.Contains(s, "S4") {
			t.Errorf("%v: want S2 alone, got\n%s", more, s)
		}
	}
}

func TestCompareTellsThatTheSystemsDiffer(t *testing.T) {
	is := write(t, row{Shape: "S2", Backend: "parallel", Ratio: 1})
	was := filepath.Join(t.TempDir(), "was")
	old := `{"go":"go1.0","system":"plan9/mips","processors":64}` + "\n" + `{"shape":"S2","backend":"parallel","ratio":1}` + "\n"
	if err := os.WriteFile(was, []byte(old), 0o644); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]bool{was: true, is: false} {
		var out, errs bytes.Buffer
		if code := run([]string{"-from", is, "-compare", file}, &out, &errs); code != 0 {
			t.Fatalf("exit %d: %s", code, errs.String())
		}
		if strings.Contains(out.String(), "# the old ratios are of go1.0 on plan9/mips, 64 processors") != want {
			t.Errorf("compared with %s:\n%s", file, out.String())
		}
	}
}

func TestMarkdownHasALineForEachRow(t *testing.T) {
	from := write(t,
		row{Shape: "S2", Backend: "parallel", Peer: "p", Unit: "ns", Ours: 50, Theirs: 200, Ratio: 0.25, Goal: 0.2},
		row{Shape: "N7", Backend: "eventloop", Peer: "net", Unit: "ns", Ours: 20_000, Theirs: 25_000, Ratio: 0.8},
		row{Shape: "N5", Backend: "eventloop", Peer: "net", Unit: "B", Ours: 4000, Theirs: 4100, Ratio: 0.98, Goal: 1.05, Met: true})
	var out, errs bytes.Buffer
	if code := run([]string{"-from", from, "-markdown"}, &out, &errs); code != 0 || errs.Len() > 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	for _, want := range []string{
		"| S2 | a deadline round code that does not block | parallel | 50 ns | p | 200 ns | 0.25 | 0.20 missed |\n",
		"| eventloop | 20.0 µs | net | 25.0 µs | 0.80 |  |\n",
		"| eventloop | 4000 B | net | 4100 B | 0.98 | 1.05 |\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestEveryShapeHasAMeaning(t *testing.T) {
	for _, s := range shapes {
		if meaning[s.id] == "" {
			t.Errorf("%s has no meaning for the table", s.id)
		}
		if (s.wavers > 0) != (s.why != "") {
			t.Errorf("%s wavers by %v, because %q: it needs both or neither", s.id, s.wavers, s.why)
		}
	}
	if len(meaning) != len(shapes) {
		t.Errorf("%d meanings of %d shapes", len(meaning), len(shapes))
	}
}

func TestFilesThatHaveNoRowsAreErrors(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad")
	if err := os.WriteFile(bad, []byte("# a remark\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	bare := filepath.Join(t.TempDir(), "bare")
	if err := os.WriteFile(bare, []byte(`{"shape":"S2"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	good := write(t, row{Shape: "S2", Ratio: 1})
	for _, flags := range [][]string{
		{"-from", bad}, {"-from", bare}, {"-from", good, "-compare", bare}, {"-from", write(t)}, {"-from", good, "-compare", bad}, {"-from", filepath.Join(bad, "none")},
	} {
		var out, errs bytes.Buffer
		if code := run(flags, &out, &errs); code != 1 || strings.Count(errs.String(), "\n") != 1 || out.Len() > 0 {
			t.Errorf("%v: exit %d, printed %q and %q, want 1 and one line on standard error", flags, code, out.String(), errs.String())
		}
	}
}

// What cannot be read is not taken for a file that has no more.
func TestReadErrorsAreTold(t *testing.T) {
	if _, _, err := readRows(t.TempDir()); err == nil || strings.Contains(err.Error(), "no rows") {
		t.Errorf("a directory: %v", err)
	}
	long := filepath.Join(t.TempDir(), "long")
	if err := os.WriteFile(long, []byte(`{"shape":"S2","ratio":1}`+"\n"+strings.Repeat(" ", bufio.MaxScanTokenSize)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, rows, err := readRows(long); err == nil {
		t.Errorf("a line that is too long: %v", rows)
	}
}

func TestTheRatioIsThatOfTheRounds(t *testing.T) {
	of := func(vs ...float64) (s []sample) {
		for _, v := range vs {
			s = append(s, sample{value: v})
		}
		return s
	}
	// The machine is three times slower in one round, for both.
	if r, noise := ratio(of(1, 3, 1), of(2, 6, 2)); r != 0.5 || noise != 0 {
		t.Errorf("ratio %v with noise %v, want 0.5 without any", r, noise)
	}
	if r, noise := ratio(of(1, 2, 3), of(1, 1, 1)); r != 2 || noise <= 0 {
		t.Errorf("ratio %v with noise %v, want 2 with some", r, noise)
	}
}
