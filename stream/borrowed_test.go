package stream_test

import (
	"testing"

	"github.com/anyio-go/anyio/stream"
)

func TestBorrowedTakesWhatIsAskedFor(t *testing.T) {
	var b stream.Borrowed
	defer b.Release()
	for _, c := range []struct{ max, want int }{{1, 1}, {4096, 4096}, {4097, 4097}, {20_000, 20_000}, {5, 5}, {64 << 10, 64 << 10}, {1 << 20, 64 << 10}} {
		if got := len(b.Take(c.max)); got != c.want {
			t.Errorf("%d bytes for %d, want %d", got, c.max, c.want)
		}
	}
	first := &b.Take(64 << 10)[0]
	if &b.Take(5)[0] != first {
		t.Error("the buffer that it has is large enough, and was not taken")
	}
}
