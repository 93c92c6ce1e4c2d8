package aiter_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/aiter"
	"github.com/anyio-go/anyio/anyiotest"
)

// list is a list of small numbers as Python has it.
func list(items []int) string { return strings.ReplaceAll(fmt.Sprint(items), " ", ", ") }

// TestRandomSequencesAreThoseOfPython compares with the itertools of the python3 that is
// here.
func TestRandomSequencesAreThoseOfPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skipf("the program python3 is not here: %v", err)
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r := rand.New(rand.NewPCG(1, 2))
		var script, got []string
		add := func(line, python string, args ...any) {
			script = append(script, "print(*["+fmt.Sprintf(python, args...)+"])")
			got = append(got, line)
		}
		for range 60 {
			items := make([]int, r.IntN(7))
			for i := range items {
				items[i] = r.IntN(4)
			}
			s, l := ints(ctx, items...), list(items)
			a, b, c := r.IntN(8), r.IntN(8), 1+r.IntN(3)
			add(text(aiter.Slice(ctx, s, a, b, c), 999), "'%%d' %% x for x in islice(%s, %d, %d, %d)", l, a, b, c)
			add(text(aiter.Combinations(ctx, s, a%4), 9999), "g(x) for x in combinations(%s, %d)", l, a%4)
			add(text(aiter.CombinationsWithReplacement(ctx, s, a%3), 9999), "g(x) for x in combinations_with_replacement(%s, %d)", l, a%3)
			add(text(aiter.Permutations(ctx, s, a%4), 9999), "g(x) for x in permutations(%s, %d)", l, a%4)
			add(text(aiter.ProductN(ctx, a%3, s), 9999), "g(x) for x in product(%s, repeat=%d)", l, a%3)
			add(text(aiter.Accumulate(ctx, s, plus), 999), "x for x in accumulate(%s)", l)
			add(text(aiter.AccumulateFrom(ctx, s, a, plus), 999), "x for x in accumulate(%s, initial=%d)", l, a)
			add(text(aiter.GroupBy(ctx, s, double), 999), "'{%%d %%s}' %% (2 * k, g(v)) for k, v in groupby(%s)", l)
			add(text(aiter.TakeWhile(ctx, s, below), 999), "x for x in takewhile(lambda n: n < 3, %s)", l)
			add(text(aiter.DropWhile(ctx, s, below), 999), "x for x in dropwhile(lambda n: n < 3, %s)", l)
			add(text(aiter.Exclude(ctx, s, even), 999), "x for x in filterfalse(lambda n: n %% 2 == 0, %s)", l)
			add(text(aiter.Cycle(ctx, s), 2*a), "x for x in islice(cycle(%s), %d)", l, 2*a)
			add(text(aiter.ZipLongest(ctx, 9, s, ints(ctx, 1, 2, 3)), 999), "g(x) for x in zip_longest(%s, [1, 2, 3], fillvalue=9)", l)
		}
		prelude := "from itertools import *\ndef g(x): return '[' + ' '.join(map(str, x)) + ']'\n"
		out, err := exec.Command(python, "-c", prelude+strings.Join(script, "\n")).CombinedOutput()
		if err != nil {
			t.Fatalf("python3: %v\n%.500s", err, out)
		}
		want := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		if len(want) != len(got) {
			t.Fatalf("python3 prints %d lines, want %d", len(want), len(got))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s\n%s\npython3 has\n%s", script[i], got[i], want[i])
			}
		}
	}, anyiotest.Only("parallel"))
}

func plus(_ context.Context, a, b int) (int, error) { return a + b, nil }
