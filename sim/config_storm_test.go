package sim_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/sim"
)

// randomFields sets each field of a struct to one of the values that a user might give,
// most of them not the default. A field of a new kind, or a number that is new, fails.
func randomFields(t *testing.T, r *rand.Rand, v reflect.Value) {
	t.Helper()
	durations := []time.Duration{0, 1, time.Microsecond, time.Millisecond, 40 * time.Millisecond}
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Name()+"."+v.Type().Field(i).Name
		switch {
		case name == "Config.Seed":
			f.SetUint(r.Uint64())
		case name == "Config.Model":
			f.SetUint(r.Uint64N(2))
		case name == "Config.Strategy":
			f.Set(reflect.ValueOf(append(strategies, sim.Strategy{})[r.IntN(len(strategies)+1)]))
		case name == "Config.Profile", name == "Config.Replay", name == "Config.Guide": // of runs before
		case name == "Config.Faults":
			if f.Set(reflect.ValueOf(sim.Faults{})); r.IntN(4) > 0 {
				randomFields(t, r, f)
			}
		case name == "Faults.Max":
			f.SetInt([]int64{1, 3, 20}[r.IntN(3)])
		case name == "Faults.Kinds":
			for k := range sim.FaultReset + 1 {
				if r.IntN(3) == 0 {
					f.Set(reflect.Append(f, reflect.ValueOf(k)))
				}
			}
		case name == "Faults.Hosts":
			f.Set(reflect.ValueOf([][]string{nil, {"server"}, {"nowhere", "localhost"}}[r.IntN(3)]))
		case name == "Faults.Until":
			f.SetInt(int64([]time.Duration{0, 50 * time.Millisecond, 200 * time.Millisecond}[r.IntN(3)]))
		case name == "Faults.Lasting":
			f.SetBool(r.IntN(2) == 0)
		case name == "Config.MaxSteps":
			f.SetInt([]int64{100_000, 10, 300, 20_000}[r.IntN(4)])
		case name == "Config.MaxWait":
			f.SetInt(int64([]time.Duration{0, -1, time.Millisecond, time.Second, time.Hour}[r.IntN(5)]))
		case name == "Config.StepTimeout": // real time: not short enough to be met
			f.SetInt(int64([]time.Duration{0, -1, time.Minute}[r.IntN(3)]))
		case name == "Config.OnStep", name == "Config.Trace": // the test's own
		case name == "NetworkConfig.SendBuffer", name == "NetworkConfig.ReceiveBuffer", name == "NetworkConfig.SegmentSize",
			name == "NetworkConfig.DatagramQueue", name == "Link.Bandwidth":
			f.SetInt([]int64{0, 1, 7, 600, 5000, 1 << 20}[r.IntN(6)])
		case name == "Range.Max":
			f.SetInt(v.FieldByName("Min").Int() + int64(durations[r.IntN(len(durations))]))
		case f.Type() == reflect.TypeFor[time.Duration]():
			f.SetInt(int64(durations[r.IntN(len(durations))]))
		case f.Kind() == reflect.Float64: // a probability
			f.SetFloat([]float64{0, 0.01, 0.3, 1}[r.IntN(4)])
		case f.Kind() == reflect.Struct:
			randomFields(t, r, f)
		default:
			t.Fatalf("%s is a %v that this test does not know", name, f.Type())
		}
	}
}

// A told is all that a run tells.
type told struct {
	err   string
	hash  uint64
	steps string
	trace string
	again string // its schedule
	fault string // its faults
}

// play runs the storm and returns all that it tells; what it leaves behind is its own.
func play(cfg sim.Config) (out told) {
	var steps, trace bytes.Buffer
	cfg.OnStep = func(s sim.Step) { fmt.Fprintln(&steps, s.N, s.Now.UnixNano(), s.Task, s.ID) }
	b := sim.New(cfg)
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		sim.NetworkOf(ctx).Trace(&trace)
		return storm(ctx, 3)
	}, anyio.On(b))
	return told{fmt.Sprint(err), b.Hash(), steps.String(), trace.String(), b.Schedule(), fmt.Sprint(b.Faults())}
}

// Whatever is asked of a simulation, its seed decides all that happens in it.
func TestAnyConfigIsReplayed(t *testing.T) {
	n := uint64(40)
	if race.Enabled || testing.Short() {
		n = 8
	}
	ends, faulty := map[string]int{}, 0
	for seed := range n {
		var cfg sim.Config
		randomFields(t, rand.New(rand.NewPCG(seed, 0)), reflect.ValueOf(&cfg).Elem())
		first := play(cfg)
		ends[fmt.Sprintf("%.20s", first.err)]++
		cfg.Trace = &sim.Trace{} // which changes nothing
		if first.fault != "[]" {
			faulty++
		}
		if again := play(cfg); again != first {
			t.Errorf("%d: %+v has two outcomes: %.300s, %d bytes of steps, hash %x; %.300s, %d bytes, %x", seed, cfg,
				first.err, len(first.steps), first.hash, again.err, len(again.steps), again.hash)
		}
		if len(cfg.Trace.Record().Steps) == 0 || cfg.Trace.Text(100) == "" {
			t.Errorf("%d: nothing was recorded", seed)
		}
		if first.again == "" {
			continue
		}
		cfg.Replay, cfg.Seed, cfg.Strategy, cfg.StepTime, cfg.Model, cfg.Faults = first.again, 0, sim.Strategy{}, sim.Range{}, 0, sim.Faults{}
		if again := play(cfg); again != first {
			t.Errorf("%d: %+v replays another run: %.300s, %d bytes of steps, hash %x; %.300s, %d bytes, %x", seed, cfg,
				first.err, len(first.steps), first.hash, again.err, len(again.steps), again.hash)
		}
	}
	if faulty < int(n/8) {
		t.Errorf("%d runs have faults of %d", faulty, n)
	}
	if len(ends) < 2 {
		t.Errorf("all runs ended with %v", ends)
	}
}
