package aiter_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"testing"

	"github.com/anyio-go/anyio/aiter"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

// What Python's itertools yields for the same.
func TestSequencesAreThoseOfItertools(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		abc, abcd := chars(ctx, "ABC"), chars(ctx, "ABCD")
		n := ints(ctx, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
		none := ints(ctx)
		join := func(_ context.Context, a, b string) (string, error) { return a + b, nil }
		for _, c := range []struct{ what, got, want string }{
			{"accumulate", text(aiter.Accumulate(ctx, n, add), 0x7fff), "0 1 3 6 10 15 21 28 36 45"},
			{"accumulate from", text(aiter.AccumulateFrom(ctx, ints(ctx, 1, 2, 3), 100, add), 99), "100 101 103 106"},
			{"accumulate nothing", text(aiter.Accumulate(ctx, none, add), 99), ""},
			{"accumulate nothing from", text(aiter.AccumulateFrom(ctx, none, 100, add), 99), "100"},
			{"batched", text(aiter.Chunk(ctx, abcd, 3), 99), "[A B C] [D]"},
			{"batched evenly", text(aiter.Chunk(ctx, abcd, 2), 99), "[A B] [C D]"},
			{"batched strictly", text(aiter.ChunkExactly(ctx, abcd, 2), 99), "[A B] [C D]"},
			{"batched strictly, short", text(aiter.ChunkExactly(ctx, abcd, 3), 99), "[A B C] error: anyio: the sequence ended after 1 of the 3 items of a chunk"},
			{"batched nothing", text(aiter.ChunkExactly(ctx, none, 3), 99), ""},
			{"chain", text(aiter.Concat(ctx, abc, chars(ctx, "DEF")), 99), "A B C D E F"},
			{"chain of none", text(aiter.Concat[int](ctx), 99), ""},
			{"combinations", text(aiter.Combinations(ctx, abcd, 2), 99), "[A B] [A C] [A D] [B C] [B D] [C D]"},
			{"combinations of 3", text(aiter.Combinations(ctx, ints(ctx, 0, 1, 2, 3), 3), 99), "[0 1 2] [0 1 3] [0 2 3] [1 2 3]"},
			{"combinations of 0", text(aiter.Combinations(ctx, abcd, 0), 99), "[]"},
			{"combinations of too many", text(aiter.Combinations(ctx, abc, 4), 99), ""},
			{"combinations_with_replacement", text(aiter.CombinationsWithReplacement(ctx, abc, 2), 99), "[A A] [A B] [A C] [B B] [B C] [C C]"},
			{"combinations_with_replacement, more than there are", text(aiter.CombinationsWithReplacement(ctx, chars(ctx, "AB"), 3), 99), "[A A A] [A A B] [A B B] [B B B]"},
			{"combinations_with_replacement of nothing", text(aiter.CombinationsWithReplacement(ctx, none, 1), 99), ""},
			{"compress", text(aiter.Mask(ctx, chars(ctx, "ABCDEF"), aiter.Map(ctx, ints(ctx, 1, 0, 1, 0, 1, 1), isOne)), 99), "A C E F"},
			{"compress, short", text(aiter.Mask(ctx, chars(ctx, "ABCDEF"), aiter.Map(ctx, ints(ctx, 1, 0, 1), isOne)), 99), "A C"},
			{"count", text(aiter.Count(ctx, 10, 1), 5), "10 11 12 13 14"},
			{"count down", text(aiter.Count(ctx, 5, -2), 5), "5 3 1 -1 -3"},
			{"count fractions", text(aiter.Count(ctx, 1.5, 0.1), 4), "1.5 1.6 1.7 1.8"},
			{"cycle", text(aiter.Cycle(ctx, abc), 7), "A B C A B C A"},
			{"cycle of nothing", text(aiter.Cycle(ctx, none), 7), ""},
			{"dropwhile", text(aiter.DropWhile(ctx, ints(ctx, 1, 4, 6, 2, 1), below), 99), "4 6 2 1"},
			{"filterfalse", text(aiter.Exclude(ctx, n, even), 99), "1 3 5 7 9"},
			{"filter", text(aiter.Filter(ctx, n, even), 99), "0 2 4 6 8"},
			{"groupby", text(aiter.GroupBy(ctx, ints(ctx, 1, 2, 15, 16, 3), tens), 99), "{0 [1 2]} {1 [15 16]} {0 [3]}"},
			{"groupby of nothing", text(aiter.GroupBy(ctx, none, tens), 99), ""},
			{"islice to 2", text(aiter.Limit(ctx, abcd, 2), 99), "A B"},
			{"islice to 0", text(aiter.Limit(ctx, abcd, 0), 99), ""},
			{"islice from 2 to 4", text(aiter.Slice(ctx, n, 2, 4, 1), 99), "2 3"},
			{"islice from 2", text(aiter.Slice(ctx, n, 2, aiter.NoLimit, 1), 99), "2 3 4 5 6 7 8 9"},
			{"islice in steps", text(aiter.Slice(ctx, n, 0, aiter.NoLimit, 3), 99), "0 3 6 9"},
			{"islice beyond the end", text(aiter.Slice(ctx, n, 8, 20, 1), 99), "8 9"},
			{"map", text(aiter.Map(ctx, ints(ctx, 1, 2, 3), double), 99), "2 4 6"},
			{"pairwise", text(aiter.Pairwise(ctx, abcd), 99), "[A B] [B C] [C D]"},
			{"pairwise of one", text(aiter.Pairwise(ctx, chars(ctx, "A")), 99), ""},
			{"permutations of 2", text(aiter.Permutations(ctx, abc, 2), 99), "[A B] [A C] [B A] [B C] [C A] [C B]"},
			{"permutations", text(aiter.Permutations(ctx, abc, aiter.WholeLength), 99), "[A B C] [A C B] [B A C] [B C A] [C A B] [C B A]"},
			{"permutations of 0", text(aiter.Permutations(ctx, abc, 0), 99), "[]"},
			{"permutations of too many", text(aiter.Permutations(ctx, abc, 4), 99), ""},
			{"product", text(aiter.Product(ctx, abc, chars(ctx, "xy")), 99), "[A x] [A y] [B x] [B y] [C x] [C y]"},
			{"product of itself", text(aiter.ProductN(ctx, 3, ints(ctx, 0, 1)), 99), "[0 0 0] [0 0 1] [0 1 0] [0 1 1] [1 0 0] [1 0 1] [1 1 0] [1 1 1]"},
			{"product of nothing", text(aiter.Product(ctx, n, none), 99), ""},
			{"product of no sequence", text(aiter.Product[int](ctx), 99), "[]"},
			{"product 0 times", text(aiter.ProductN(ctx, 0, n), 99), "[]"},
			{"repeat", text(aiter.Repeat(ctx, 7, 3), 99), "7 7 7"},
			{"repeat without end", text(aiter.Repeat(ctx, 7, aiter.NoLimit), 5), "7 7 7 7 7"},
			{"repeat 0 times", text(aiter.Repeat(ctx, 7, 0), 99), ""},
			{"repeat -1 times", text(aiter.Repeat(ctx, 7, -1), 99), ""},
			{"starmap", text(aiter.MapPairs(ctx, aiter.Zip(ctx, abc, chars(ctx, "xyz")), join), 99), "Ax By Cz"},
			{"takewhile", text(aiter.TakeWhile(ctx, ints(ctx, 1, 2, 6, 2), below), 99), "1 2"},
			{"zip", text(aiter.Zip(ctx, abc, n), 99), "{A 0} {B 1} {C 2}"},
			{"zip_longest", text(aiter.ZipLongest(ctx, "-", abcd, chars(ctx, "xy")), 99), "[A x] [B y] [C -] [D -]"},
			{"zip_longest of none", text(aiter.ZipLongest(ctx, 0), 99), ""},
		} {
			want(t, c.what, c.got, c.want)
		}
	})
}

func isOne(_ context.Context, n int) (bool, error) { return n == 1, nil }

func TestNoMoreIsTakenThanIsNeeded(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, c := range []struct {
			what  string
			make  func(seq iter.Seq2[int, error]) iter.Seq2[int, error]
			takes int
		}{
			{"Limit", func(seq iter.Seq2[int, error]) iter.Seq2[int, error] { return aiter.Limit(ctx, seq, 3) }, 3},
			{"Limit 0", func(seq iter.Seq2[int, error]) iter.Seq2[int, error] { return aiter.Limit(ctx, seq, 0) }, 0},
			{"Slice", func(seq iter.Seq2[int, error]) iter.Seq2[int, error] { return aiter.Slice(ctx, seq, 1, 6, 2) }, 6},
			{"Slice with steps", func(seq iter.Seq2[int, error]) iter.Seq2[int, error] { return aiter.Slice(ctx, seq, 0, 6, 4) }, 5},
			{"TakeWhile", func(seq iter.Seq2[int, error]) iter.Seq2[int, error] { return aiter.TakeWhile(ctx, seq, below) }, 4},
		} {
			var w waiting
			text(c.make(w.of(ctx, 0, 1, 2, 3, 4, 5, 6, 7)), 99)
			if w.given != c.takes {
				t.Errorf("%s takes %d, want %d", c.what, w.given, c.takes)
			}
		}
	})
}

// A stream goes on where it was, and so do the sequences made of it.
func TestSequencesAreRangedOverAgain(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		n := ints(ctx, 1, 2, 3)
		for what, seq := range map[string]iter.Seq2[int, error]{
			"DropWhile":      aiter.DropWhile(ctx, n, even),
			"AccumulateFrom": aiter.AccumulateFrom(ctx, n, 0, add),
			"Concat":         aiter.Concat(ctx, n, n),
			"Cycle":          aiter.Limit(ctx, aiter.Cycle(ctx, n), 5),
		} {
			once := text(seq, 99)
			want(t, what, text(seq, 99), once)
		}
	})
}

func TestErrorsOfFunctionsEndTheSequence(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		n := ints(ctx, 1, 2, 3)
		fails := func(_ context.Context, item int) (bool, error) {
			if item == 2 {
				return true, testkit.ErrBoom
			}
			return true, nil
		}
		sum := func(ctx context.Context, a, b int) (int, error) {
			_, err := fails(ctx, b)
			return a + b, err
		}
		boom := " error: " + testkit.ErrBoom.Error()
		for _, c := range []struct{ what, got, want string }{
			{"Filter", text(aiter.Filter(ctx, n, fails), 99), "1" + boom},
			{"Exclude", text(aiter.Exclude(ctx, n, fails), 99), boom},
			{"TakeWhile", text(aiter.TakeWhile(ctx, n, fails), 99), "1" + boom},
			{"DropWhile", text(aiter.DropWhile(ctx, n, fails), 99), boom},
			{"Map", text(aiter.Map(ctx, n, fails), 99), "true" + boom},
			{"GroupBy", text(aiter.GroupBy(ctx, n, fails), 99), "{true [1]}" + boom},
			{"Accumulate", text(aiter.Accumulate(ctx, n, sum), 99), "1" + boom},
			{"AccumulateFrom", text(aiter.AccumulateFrom(ctx, n, 0, sum), 99), "0 1" + boom},
		} {
			want(t, c.what, c.got, c.want)
		}
	})
}

func TestIncompleteChunkTellsItsItems(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, err := first(aiter.ChunkExactly(ctx, ints(ctx, 1, 2, 3), 2), 99)
		e, ok := errors.AsType[*aiter.IncompleteChunkError[int]](err)
		if !ok || len(e.Items) != 1 || e.Items[0] != 3 || e.Want != 2 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%v", err)
		}
	})
}

// Chunks and choices are the reader's own.
func TestSlicesShareNoMemory(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		n := ints(ctx, 1, 2, 3, 4)
		for what, seq := range map[string]iter.Seq2[[]int, error]{
			"Chunk": aiter.Chunk(ctx, n, 2), "Combinations": aiter.Combinations(ctx, n, 2),
			"Permutations": aiter.Permutations(ctx, n, 2), "Product": aiter.Product(ctx, n, n),
			"ZipLongest": aiter.ZipLongest(ctx, 0, n, n),
		} {
			all, err := aiter.Collect(ctx, seq)
			before := text(aiter.From(ctx, func(yield func([]int) bool) {
				for _, s := range all[1:] {
					if !yield(s) {
						return
					}
				}
			}), 99)
			_ = append(all[0], 99)
			all[0][0] = 99
			after := text(aiter.From(ctx, func(yield func([]int) bool) {
				for _, s := range all[1:] {
					if !yield(s) {
						return
					}
				}
			}), 99)
			if err != nil || before != after {
				t.Errorf("%s: %v\n%s\n%s", what, err, before, after)
			}
		}
	})
}

func TestReduce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		n := ints(ctx, 1, 2, 3, 4)
		sum, err := aiter.Reduce(ctx, n, add)
		if sum != 10 || err != nil {
			t.Errorf("Reduce: %d, %v", sum, err)
		}
		if one, err := aiter.Reduce(ctx, ints(ctx, 7), nil2); one != 7 || err != nil {
			t.Errorf("Reduce of one: %d, %v", one, err)
		}
		_, err = aiter.Reduce(ctx, ints(ctx), add)
		testkit.WantErr(t, err, aiter.ErrEmpty)
		longest, err := aiter.Fold(ctx, n, "", func(_ context.Context, sum string, item int) (string, error) {
			return sum + string(rune('a'+item)), nil
		})
		if longest != "bcde" || err != nil {
			t.Errorf("Fold: %q, %v", longest, err)
		}
		if none, err := aiter.Fold(ctx, ints(ctx), 5, add); none != 5 || err != nil {
			t.Errorf("Fold of nothing: %d, %v", none, err)
		}
		_, err = aiter.Fold(ctx, n, 0, func(context.Context, int, int) (int, error) { return 1, testkit.ErrBoom })
		testkit.WantErr(t, err, testkit.ErrBoom)
		canceled(t, ctx, func(ctx context.Context) {
			_, err := aiter.Reduce(ctx, ints(context.WithoutCancel(ctx)), add)
			testkit.WantCanceled(t, "Reduce of nothing", err)
			_, err = aiter.Fold(ctx, ints(context.WithoutCancel(ctx)), 0, add)
			testkit.WantCanceled(t, "Fold of nothing", err)
		})
	})
}

// nil2 must not be called.
func nil2(context.Context, int, int) (int, error) { panic("called") }

func TestCollectReturnsWhatCameBeforeAnError(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		w := waiting{fail: testkit.ErrBoom}
		items, err := aiter.Collect(ctx, w.of(ctx, 1, 2))
		testkit.WantErr(t, err, testkit.ErrBoom)
		if len(items) != 2 {
			t.Error(items)
		}
		nested := aiter.Flatten(ctx, func(yield func(iter.Seq2[int, error], error) bool) {
			_ = yield(ints(ctx, 1), nil) && yield(nil, testkit.ErrBoom)
		})
		want(t, "Flatten", text(nested, 9), "1 error: "+testkit.ErrBoom.Error())
	})
}
