package aiter_test

import (
	"context"
	"iter"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/aiter"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

// A numbers makes a sequence of numbers of another, for what all functions promise.
type numbers func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error]

// as turns the items of a sequence into text.
func as[T any](seq iter.Seq2[T, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for item, err := range seq {
			if err != nil {
				yield("", err)
				return
			}
			if s, _ := first(func(yield func(T, error) bool) { yield(item, nil) }, 1); !yield(s[0], nil) {
				return
			}
		}
	}
}

var all = map[string]numbers{
	"Accumulate": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.Accumulate(ctx, seq, add))
	},
	"AccumulateFrom": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.AccumulateFrom(ctx, seq, 0, add))
	},
	"Chunk": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.Chunk(ctx, seq, 2))
	},
	"ChunkExactly": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.ChunkExactly(ctx, seq, 1))
	},
	"Concat": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.Concat(ctx, seq, ints(ctx, 1)))
	},
	"Combinations": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.Combinations(ctx, seq, 1))
	},
	"CombinationsWithReplacement": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.CombinationsWithReplacement(ctx, seq, 1))
	},
	"Permutations": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.Permutations(ctx, seq, aiter.WholeLength))
	},
	"Product": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.Product(ctx, seq))
	},
	"Cycle": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.Cycle(ctx, seq))
	},
	"DropWhile": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.DropWhile(ctx, seq, below))
	},
	"TakeWhile": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.TakeWhile(ctx, seq, below))
	},
	"Filter": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.Filter(ctx, seq, even))
	},
	"Exclude": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.Exclude(ctx, seq, even))
	},
	"GroupBy": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.GroupBy(ctx, seq, double))
	},
	"Limit": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.Limit(ctx, seq, aiter.NoLimit))
	},
	"Map": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.Map(ctx, seq, double))
	},
	"MapPairs": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.MapPairs(ctx, aiter.Zip(ctx, seq, aiter.Count(ctx, 0, 1)), add))
	},
	"Mask": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.Mask(ctx, seq, aiter.Repeat(ctx, true, aiter.NoLimit)))
	},
	"Pairwise": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.Pairwise(ctx, seq))
	},
	"ZipLongest": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.ZipLongest(ctx, 0, seq))
	},
	"Tee": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			seqs, stop := aiter.Tee(ctx, seq, 1)
			defer stop()
			as(seqs[0])(yield)
		}
	},
	"nothing of a sequence": func(ctx context.Context, seq iter.Seq2[int, error]) iter.Seq2[string, error] {
		return as(aiter.Concat(ctx, aiter.Slice(ctx, seq, 0, 0, 1), seq))
	},
}

func TestNothingIsTakenInACanceledScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for name, of := range all {
			canceled(t, ctx, func(ctx context.Context) {
				var w waiting
				items, err := first(of(ctx, w.of(context.WithoutCancel(ctx), 1, 2, 3)), 10)
				testkit.WantCanceled(t, name, err)
				if len(items) != 0 || w.given != 0 {
					t.Errorf("%s: yielded %v, took %d", name, items, w.given)
				}
				items, err = first(of(ctx, ints(ctx)), 10) // the empty one is a check as well
				testkit.WantCanceled(t, name+" of nothing", err)
				if len(items) != 0 {
					t.Errorf("%s of nothing: %v", name, items)
				}
			})
		}
	})
}

func TestErrorOfASequenceComesLastAndOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for name, of := range all {
			w := waiting{fail: testkit.ErrBoom}
			errs := 0
			for _, err := range of(ctx, w.of(ctx, 1, 2, 0)) {
				if err != nil {
					testkit.WantErr(t, err, testkit.ErrBoom)
					errs++
				} else if errs > 0 {
					t.Errorf("%s: something follows the error", name)
				}
			}
			if errs != 1 || !w.left || w.given > 3 {
				t.Errorf("%s: %d errors, left %v, %d items", name, errs, w.left, w.given)
			}
		}
	})
}

func TestLeavingALoopLeavesTheSequencesBelow(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for name, of := range all {
			var w waiting
			items, err := first(of(ctx, w.of(ctx, 1, 2, 3, 4, 15)), 2)
			if err != nil || len(items) != 2 || !w.left {
				t.Errorf("%s: %v, %v, left %v", name, items, err, w.left)
			}
		}
	})
}

// What was taken from the sequence before a cancellation comes out.
func TestNoItemIsLostByACancellation(t *testing.T) {
	for _, name := range []string{"Map", "Filter", "Chunk", "Concat", "GroupBy", "Limit", "Tee", "ZipLongest", "Accumulate"} {
		t.Run(name, func(t *testing.T) {
			anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
				var w waiting
				out := 0
				return anyiotest.Scenario{
					Body: func(ctx context.Context) error {
						items := []int{2, 4, 6, 8}
						step := 1
						if name == "Chunk" || name == "GroupBy" {
							step = 2
							items = []int{2, 4, 12, 14}
						}
						for _, err := range all[name](ctx, w.of(ctx, items...)) {
							if err != nil {
								return err
							}
							out += step
						}
						return nil
					},
					Check: func(ctx context.Context, err error) error {
						if out < w.given {
							t.Errorf("%d items came out, %d were taken", out, w.given)
						}
						return err
					},
				}
			})
		})
	}
}

func TestMisuseOfNumbersIsYielded(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		n := ints(ctx, 1, 2)
		for what, got := range map[string]string{
			"aiter.Chunk of 0 items: a chunk has one at least":                            text(aiter.Chunk(ctx, n, 0), 1),
			"aiter.ChunkExactly of -1 items: a chunk has one at least":                    text(aiter.ChunkExactly(ctx, n, -1), 1),
			"aiter.Slice from -1 to 2: numbers of items are not negative":                 text(aiter.Slice(ctx, n, -1, 2, 1), 1),
			"aiter.Limit of -2 items: their number is not negative":                       text(aiter.Limit(ctx, n, -2), 1),
			"aiter.Slice with a step of 0: it is at least 1":                              text(aiter.Slice(ctx, n, 0, 2, 0), 1),
			"aiter.Combinations of -1 items: their number is not negative":                text(aiter.Combinations(ctx, n, -1), 1),
			"aiter.CombinationsWithReplacement of -2 items: their number is not negative": text(aiter.CombinationsWithReplacement(ctx, n, -2), 1),
			"aiter.Permutations of -2 items: their number is not negative":                text(aiter.Permutations(ctx, n, -2), 1),
			"aiter.ProductN of -1 times: their number is not negative":                    text(aiter.ProductN(ctx, -1, n), 1),
		} {
			want(t, what, got, " error: anyio: "+what)
		}
	})
	for name, f := range map[string]func(){
		"Map":    func() { aiter.Map[int, int](t.Context(), nil, nil) },
		"Filter": func() { aiter.Filter[int](t.Context(), nil, nil) },
		"Reduce": func() { _, _ = aiter.Reduce[int](t.Context(), nil, nil) },
		"Tee":    func() { aiter.Tee[int](t.Context(), nil, -1) },
	} {
		if v, ok := testkit.Recovered(f).(*anyio.MisuseError); !ok {
			t.Errorf("%s: recovered %v", name, v)
		}
	}
}
