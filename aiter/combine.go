package aiter

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/anyio-go/anyio/lowlevel"
)

// WholeLength is the length of permutations that have all items in them.
const WholeLength = -1

// Combinations reads a sequence to its end and then yields all choices of r of its items, in
// the order of their places, also of equal items. A negative r is yielded as an
// *anyio.MisuseError. Cancellation: it is yielded.
func Combinations[T any](ctx context.Context, seq iter.Seq2[T, error], r int) iter.Seq2[[]T, error] {
	return ofAll(ctx, "Combinations", seq, r, func(n int, found func(places []int) error) error {
		return combine(n, r, 1, found)
	})
}

// CombinationsWithReplacement is like Combinations but each item may be chosen several
// times. Cancellation: it is yielded.
func CombinationsWithReplacement[T any](ctx context.Context, seq iter.Seq2[T, error], r int) iter.Seq2[[]T, error] {
	return ofAll(ctx, "CombinationsWithReplacement", seq, r, func(n int, found func(places []int) error) error {
		return combine(n, r, 0, found)
	})
}

// Permutations reads a sequence to its end and then yields all arrangements of r of its items,
// or with WholeLength of all. Another negative r is yielded as an *anyio.MisuseError.
// Cancellation: it is yielded.
func Permutations[T any](ctx context.Context, seq iter.Seq2[T, error], r int) iter.Seq2[[]T, error] {
	length := r
	if r == WholeLength {
		length = 0
	}
	return ofAll(ctx, "Permutations", seq, length, func(n int, found func(places []int) error) error {
		if r == WholeLength {
			return permute(n, n, found)
		}
		return permute(n, r, found)
	})
}

// ofAll yields the items at the places that search finds.
func ofAll[T any](ctx context.Context, who string, seq iter.Seq2[T, error], r int, search func(n int, found func(places []int) error) error) iter.Seq2[[]T, error] {
	return write(func(yield func([]T) error) error {
		if r < 0 {
			return misuse(fmt.Sprintf("%s of %d items: their number is not negative", who, r))
		}
		items, err := Collect(ctx, seq)
		if err != nil {
			return err
		}
		return search(len(items), func(places []int) error {
			if err := lowlevel.Enter(ctx); err != nil {
				return err
			}
			chosen := make([]T, len(places))
			for i, at := range places {
				chosen[i] = items[at]
			}
			return yield(chosen)
		})
	})
}

// combine finds r places of n that rise by apart at least.
func combine(n, r, apart int, found func(places []int) error) error {
	places := make([]int, 0, min(r, n+1))
	var choose func(from int) error
	choose = func(from int) error {
		if len(places) == r {
			return found(places)
		}
		for at := from; at < n && (apart == 0 || n-at >= r-len(places)); at++ {
			places = append(places, at)
			err := choose(at + apart)
			places = places[:len(places)-1]
			if err != nil {
				return err
			}
		}
		return nil
	}
	return choose(0)
}

// permute finds r different places of n in any order.
func permute(n, r int, found func(places []int) error) error {
	if r > n {
		return nil
	}
	places := make([]int, 0, r)
	taken := make([]bool, n)
	var arrange func() error
	arrange = func() error {
		if len(places) == r {
			return found(places)
		}
		for at := range n {
			if taken[at] {
				continue
			}
			places, taken[at] = append(places, at), true
			err := arrange()
			places, taken[at] = places[:len(places)-1], false
			if err != nil {
				return err
			}
		}
		return nil
	}
	return arrange()
}

// Product reads the sequences to their ends and then yields all choices of one item of each,
// the last changing fastest. That of no sequence is one empty slice. Cancellation: it is
// yielded.
func Product[T any](ctx context.Context, seqs ...iter.Seq2[T, error]) iter.Seq2[[]T, error] {
	return ProductN(ctx, 1, seqs...)
}

// ProductN is like Product but of the sequences n times in a row. A negative n is yielded as
// an *anyio.MisuseError. Cancellation: it is yielded.
func ProductN[T any](ctx context.Context, n int, seqs ...iter.Seq2[T, error]) iter.Seq2[[]T, error] {
	return write(func(yield func([]T) error) error {
		if n < 0 {
			return misuse(fmt.Sprintf("ProductN of %d times: their number is not negative", n))
		}
		var pools [][]T
		for _, seq := range seqs {
			items, err := Collect(ctx, seq)
			if err != nil {
				return err
			}
			pools = append(pools, items)
		}
		pools = slices.Repeat(pools, n)
		chosen := make([]T, len(pools))
		var choose func(i int) error
		choose = func(i int) error {
			if i == len(pools) {
				if err := lowlevel.Enter(ctx); err != nil {
					return err
				}
				return yield(slices.Clone(chosen))
			}
			for _, chosen[i] = range pools[i] {
				if err := choose(i + 1); err != nil {
					return err
				}
			}
			return nil
		}
		return choose(0)
	})
}
