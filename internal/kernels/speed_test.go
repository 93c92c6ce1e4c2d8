package kernels

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
)

var (
	rate   = regexp.MustCompile(`\((\d+) a second\)`)
	number = regexp.MustCompile(`schedule (\d+) of `)
)

// TestSpeed measures how many schedules a second a search makes of tasks that give way, on
// the processors that GOMAXPROCS says, and prints a table.
func TestSpeed(t *testing.T) {
	if *runsFlag == 0 {
		t.Skip("without -kernels.runs=1000")
	}
	var b strings.Builder
	b.WriteString("| tasks | steps of each | schedules a second |\n|---:|---:|---:|\n")
	for _, tasks := range []int{2, 10, 100} {
		for _, steps := range []int{1, 10, 100} {
			s := &seen{TB: t}
			anyiotest.Search(s, func(t testing.TB, ctx context.Context) {
				if err := together(ctx, repeat(tasks, times(steps, give))...); err != nil {
					t.Error(err)
				}
			}, anyiotest.Schedules(max(20, 100*(*runsFlag)/(tasks*steps))))
			fmt.Fprintf(&b, "| %d | %d | %s |\n", tasks, steps, rate.FindStringSubmatch(s.text.String())[1])
		}
	}
	t.Logf("\n%s", &b)
}

// TestNeeded measures how many schedules a search needs until it finds a chain: the median of
// eleven searches with other seeds.
func TestNeeded(t *testing.T) {
	if *runsFlag == 0 {
		t.Skip("without -kernels.runs=1000")
	}
	var b strings.Builder
	b.WriteString("| chain | schedules | most |\n|---|---:|---:|\n")
	for _, c := range slices.Concat(chains(8), chains(16)) {
		var needed []int
		for try := range uint64(11) {
			s := &seen{TB: t}
			anyiotest.Search(s, func(t testing.TB, ctx context.Context) {
				if err := c.run(ctx); err != nil {
					t.Fatal(err)
				}
			}, seeds(try), anyiotest.Schedules(10**runsFlag))
			n := 10**runsFlag + 1
			if found := number.FindStringSubmatch(s.text.String()); found != nil {
				_, _ = fmt.Sscan(found[1], &n)
			}
			needed = append(needed, n)
		}
		slices.Sort(needed)
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.name, orMore(needed[5]), orMore(needed[10]))
	}
	t.Logf("\n%s", &b)
}

// seeds has a search have seeds of its own.
func seeds(try uint64) anyiotest.Option {
	return anyiotest.SimConfig(func(c *sim.Config) {
		c.MaxSteps = maxSteps
		c.Seed += try << 32
	})
}

// orMore is a number of schedules as text.
func orMore(n int) string {
	if most := 10 * *runsFlag; n > most {
		return fmt.Sprintf("> %d", most)
	}
	return fmt.Sprint(n)
}
