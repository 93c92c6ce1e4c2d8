package anyiotest_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// A fuzz target simulates: the fuzzer chooses the schedule by its seed, together
// with the input, and what fails is repeated by the same two.
func FuzzPipelineKeepsItsItems(f *testing.F) {
	f.Add(uint64(1), uint8(0), []byte("anyio"))
	f.Add(uint64(2), uint8(3), []byte(""))
	f.Fuzz(func(t *testing.T, seed uint64, buffer uint8, items []byte) {
		var got []byte
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			send, recv := stream.Memory[byte](int(buffer))
			defer recv.Close(ctx)
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					defer send.Close(ctx)
					for _, b := range items {
						if err := send.Send(ctx, b); err != nil {
							return err
						}
					}
					return nil
				})
				for b, err := range recv.All(ctx) {
					if err != nil {
						return err
					}
					got = append(got, b)
				}
				return nil
			})
		}, anyio.On(sim.New(sim.Config{Seed: seed})))
		if err != nil || !slices.Equal(got, items) {
			t.Errorf("received %q, sent %q, %v", got, items, err)
		}
	})
}

// fuzzVar makes FuzzOfAChild fail, in a process of its own.
const fuzzVar = "ANYIOTEST_FUZZ"

func FuzzOfAChild(f *testing.F) {
	fail := os.Getenv(fuzzVar) != ""
	var opts []anyiotest.Option
	switch os.Getenv(fuzzVar) {
	case "bound":
		opts = append(opts, anyiotest.MaxSteps(3))
	case "collect":
		opts = append(opts, anyiotest.CollectFailures(3))
	case "skip":
		opts = append(opts, anyiotest.Skip("sim", "because"))
	}
	anyiotest.Fuzz(f, func(t testing.TB, ctx context.Context) {
		if err := anyio.Sleep(ctx, time.Second); err != nil || fail {
			t.Errorf("to be told, %v", err)
		}
	}, opts...)
}

// Options that Fuzz cannot follow are refused, and one that leaves the simulator out skips it.
func TestFuzzMindsItsOptions(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the test's program again")
	}
	for value, want := range map[string]string{
		"bound": "anyiotest: Fuzz with MaxSteps, which is an option of Search or Explore", "collect": "anyiotest: Fuzz with CollectFailures,",
		"skip": "because",
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^FuzzOfAChild$", "-test.v")
		cmd.Env = append(os.Environ(), fuzzVar+"="+value, "GORACE=atexit_sleep_ms=0")
		text, err := cmd.CombinedOutput()
		if (err == nil) != (value == "skip") || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, no %q in\n%s", value, err, want, text)
		}
	}
}

// An entry of the corpus that fails tells what its tasks did, and leaves a page.
func TestFuzzTellsWhatFails(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the test's program again")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^FuzzOfAChild$", "-test.artifacts", "-test.outputdir="+t.TempDir())
	cmd.Env = append(os.Environ(), fuzzVar+"=1", "GORACE=atexit_sleep_ms=0")
	text, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("it passes")
	}
	for _, want := range []string{"what the tasks did", "waits for Sleep at anyiotest/fuzz_test.go:", "trace.html"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
