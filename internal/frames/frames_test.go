package frames

import (
	"iter"
	"runtime"
	"strings"
	"testing"
)

// names are the functions that the addresses are in, the innermost first, without packages.
func names(pcs []uintptr) (all []string) {
	for _, pc := range pcs {
		name := runtime.FuncForPC(pc - 1).Name()
		all = append(all, name[strings.LastIndex(name, ".")+1:])
	}
	return all
}

//go:noinline
func look(most int) []uintptr {
	var pcs [100]uintptr
	return append([]uintptr(nil), pcs[:Callers(pcs[:most])]...)
}

//go:noinline
func inner(most int) []uintptr { return look(most) }

// outer calls inner at two lines.
//
//go:noinline
func outer(first bool) []uintptr {
	if first {
		return inner(3)
	}
	return inner(3)
}

func TestCallersAreTheInnermostFunctions(t *testing.T) {
	got := names(outer(true))
	if want := "inner outer TestCallersAreTheInnermostFunctions"; strings.Join(got, " ") != want {
		t.Errorf("callers are %q, want %q", got, want)
	}
}

func TestCallersTellLinesApart(t *testing.T) {
	var seen [][]uintptr
	for _, first := range []bool{true, false, true} {
		seen = append(seen, outer(first))
	}
	switch a, b, again := seen[0], seen[1], seen[2]; {
	case a[1] == b[1]:
		t.Error("two lines of outer are told as the same")
	case a[0] != again[0] || a[1] != again[1] || a[2] != again[2]:
		t.Error("the same line is told as another one")
	}
}

// The first function of a goroutine, and of a coroutine, is the last one.
func TestCallersEnd(t *testing.T) {
	told := make(chan []string)
	go func() { told <- names(look(100)) }()
	if got := <-told; len(got) > 2 || len(got) < 1 || got[0] != "func1" {
		t.Errorf("a goroutine's function has the callers %q", got)
	}
	next, stop := iter.Pull(func(yield func([]string) bool) { yield(names(look(100))) })
	defer stop()
	got, _ := next()
	if len(got) < 2 || got[0] != "func2" || !strings.Contains(strings.Join(got, " "), "corostart") {
		t.Errorf("a coroutine's function has the callers %q", got)
	}
}

func TestCallersOfNone(t *testing.T) {
	if got := look(0); len(got) != 0 {
		t.Errorf("no callers are asked for, %d are told", len(got))
	}
}

func BenchmarkCallers(b *testing.B) {
	for b.Loop() {
		var pcs [16]uintptr
		Callers(pcs[:])
	}
}
