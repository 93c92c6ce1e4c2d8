package anyiotest

import (
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// log is where Main prints.
var log io.Writer = os.Stderr

// A LeakOption is an option of Main and CheckLeaks.
type LeakOption func(*leakConfig)

// IgnoreFunction ignores goroutines and tasks that have a function with this text
// in its name in their stack, for instance "net/http.(*persistConn).readLoop".
func IgnoreFunction(names ...string) LeakOption {
	return func(c *leakConfig) { c.functions = append(c.functions, names...) }
}

// IgnoreFile ignores descriptors whose target, as in /proc/self/fd, is accepted by
// match: a path, "socket:[…]", "anon_inode:[eventpoll]".
func IgnoreFile(match func(target string) bool) LeakOption {
	return func(c *leakConfig) { c.files = append(c.files, match) }
}

// IgnoreProcess ignores child processes of this name, at most 15 characters of
// which the system keeps.
func IgnoreProcess(names ...string) LeakOption {
	return func(c *leakConfig) { c.processes = append(c.processes, names...) }
}

// Patience sets how long to wait for what is about to end; default 5 s. With zero or
// less the check looks once.
func Patience(d time.Duration) LeakOption { return func(c *leakConfig) { c.patience = d } }

type leakConfig struct {
	functions []string
	files     []func(target string) bool
	processes []string
	patience  time.Duration
}

// forever are functions of goroutines that the standard library starts once and
// keeps, that belong to testing, or that timers of loops start for a moment.
var forever = []string{
	"os/signal.loop", "os/signal.signal_recv", "runtime.ensureSigM", "runtime/pprof.profileWriter", "runtime/trace.Start",
	"created by runtime.", "created by testing.",
	"/internal/simloop.(*watchdog).tick", "/internal/simloop.(*idlers).sweep",
	"/internal/loop.(*watchdog).tick", "/internal/loop.(*workers).prune", "/internal/parallel.(*shard).fire",
}

func newLeakConfig(opts []LeakOption) *leakConfig {
	c := &leakConfig{functions: slices.Clone(forever), patience: 5 * time.Second}
	c.files = append(c.files, isProfile)
	for _, o := range opts {
		o(c)
	}
	return c
}

func (c *leakConfig) ignoresStack(stack string) bool {
	return slices.ContainsFunc(c.functions, func(name string) bool { return strings.Contains(stack, name) })
}
