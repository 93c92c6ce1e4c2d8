package testlog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/internal/testlog"
)

// run is a shortened log of go test -json: a test that fails in a subtest, one that
// crashes, one that passes, and a build that fails.
const run = `{"ImportPath":"m/b [m/b.test]","Action":"build-output","Output":"# m/b [m/b.test]\n"}
{"ImportPath":"m/b [m/b.test]","Action":"build-output","Output":"b/b_test.go:3:27: undefined: x\n"}
{"ImportPath":"m/b [m/b.test]","Action":"build-fail"}
{"Action":"start","Package":"m"}
{"Action":"run","Package":"m","Test":"TestA"}
{"Action":"output","Package":"m","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"run","Package":"m","Test":"TestA/x"}
{"Action":"output","Package":"m","Test":"TestA/x","Output":"=== RUN   TestA/x\n"}
{"Action":"output","Package":"m","Test":"TestA/x","Output":"    a_test.go:4: bad <\"é\">\n"}
{"Action":"output","Package":"m","Test":"TestA/x","Output":"--- FAIL: TestA/x (0.00s)\n"}
{"Action":"fail","Package":"m","Test":"TestA/x","Elapsed":0}
{"Action":"run","Package":"m","Test":"TestA/y"}
{"Action":"output","Package":"m","Test":"TestA/y","Output":"    a_test.go:5: fine\n"}
{"Action":"pass","Package":"m","Test":"TestA/y","Elapsed":0}
{"Action":"output","Package":"m","Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}
{"Action":"fail","Package":"m","Test":"TestA","Elapsed":0}
{"Action":"output","Package":"m","Output":"FAIL\n"}
{"Action":"fail","Package":"m","Elapsed":0.043}
{"Action":"output","Package":"m/b","Output":"FAIL\tm/b [build failed]\n"}
{"Action":"fail","Package":"m/b","Elapsed":0,"FailedBuild":"m/b [m/b.test]"}
{"Action":"run","Package":"m/c","Test":"TestC"}
{"Action":"output","Package":"m/c","Test":"TestC","Output":"half a line, "}
{"Action":"output","Package":"m/c","Test":"TestC","Output":"panic: x\n"}
{"Action":"output","Package":"m/c","Output":"FAIL\tm/c\t0.005s\n"}
{"Action":"fail","Package":"m/c","Elapsed":0.005}
no event
`

func TestFailuresAreWhatFailedTestsHaveSaid(t *testing.T) {
	l, err := testlog.Read(strings.NewReader(run))
	if err != nil {
		t.Fatal(err)
	}
	const want = `== build of m/b [m/b.test]
# m/b [m/b.test]
b/b_test.go:3:27: undefined: x
== m
FAIL
== m TestA
--- FAIL: TestA (0.00s)
== m TestA/x
    a_test.go:4: bad <"é">
--- FAIL: TestA/x (0.00s)
== m/b
FAIL	m/b [build failed]
== m/c TestC
half a line, panic: x
== m/c
FAIL	m/c	0.005s
no event
`
	if got := l.Failures(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if n := l.Passed(func(name string) bool { return strings.HasPrefix(name, "TestA/") }); n != 1 {
		t.Errorf("%d tests of that name have passed, want 1", n)
	}
}

func TestFailuresAreCutInTheMiddle(t *testing.T) {
	var log strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&log, `{"Action":"output","Package":"m","Test":"T","Output":"line %d\n"}`+"\n", i)
	}
	l, err := testlog.Read(strings.NewReader(log.String()))
	if err != nil {
		t.Fatal(err)
	}
	got := l.Failures()
	for _, want := range []string{"== m T\nline 0\n", "line 49\n… 900 lines …\nline 950\n", "line 999\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}
