package anyiotest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
)

// registerVar makes TestRegisterOfAChild search, in a process of its own: "early" for the
// program with the bug, or "late".
const registerVar = "ANYIOTEST_REGISTER"

func TestRegisterOfAChild(t *testing.T) {
	which := os.Getenv(registerVar)
	if which == "" {
		t.Skip("it is for TestReplayWithFaultsInAnotherProcess")
	}
	anyiotest.Search(t, registers(which == "early"), anyFaults)
}

// A schedule with faults is made again by another process, and on another program that
// process says that it is another run.
func TestReplayWithFaultsInAnotherProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the test's program again")
	}
	child := func(which, word string) string {
		cmd := exec.Command(os.Args[0], "-test.run=^TestRegisterOfAChild$", "-test.v", "-anyio.replay="+word)
		cmd.Env = append(os.Environ(), registerVar+"="+which, "GORACE=atexit_sleep_ms=0")
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Errorf("%s passes:\n%s", which, out)
		}
		return string(out)
	}
	const another = "the run is not the one of the schedule"
	for range 2 { // each search on several processors is another one
		r := newRecorder(t)
		r.run(func() { anyiotest.Search(r, registers(true), runs(), anyFaults) })
		token := replayToken.FindStringSubmatch(r.text())
		if token == nil || !strings.HasPrefix(token[1], "s2.") {
			t.Fatalf("the report has no schedule with faults:\n%s", r.text())
		}
		failure := lostLine(r.text())
		if out := child("early", token[1]); failure == "" || lostLine(out) != failure || strings.Contains(out, another) {
			t.Errorf("want %q and the same run; got:\n%s", failure, out)
		}
		if out := child("late", token[1]); !strings.Contains(out, another) || lostLine(out) != "" {
			t.Errorf("want another run, which passes; got:\n%s", out)
		}
	}
}

// lostLine is what a run has said of its failure.
func lostLine(text string) string {
	_, line, _ := strings.Cut(text, "lost: ")
	return firstLine(line)
}
