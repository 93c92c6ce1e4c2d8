package anyiotest_test

import (
	"bytes"
	"flag"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
)

func TestMain(m *testing.M) {
	os.Exit(anyiotest.Main(m, anyiotest.IgnoreFunction("anyiotest_test.stuckForGood"), anyiotest.IgnoreFunction("anyiotest_test.lockForGood")))
}

func flagValue(name string) string { return flag.Lookup(name).Value.String() }

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

// An output is a writer that tells of its first write.
type output struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	once    sync.Once
	written chan struct{}
}

func newOutput() *output { return &output{written: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.once.Do(func() { close(o.written) })
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
