package sim_test

import (
	"context"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// The seed decides what goes wrong, and to which hosts.
func ExampleFaults() {
	s := sim.New(sim.Config{Seed: 5, Faults: sim.Faults{Max: 4, Until: time.Minute}})
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		for _, host := range []string{"db1", "db2", "db3"} {
			if err := sim.NetworkOf(ctx).AddHost(host, sim.HostConfig{}); err != nil {
				return err
			}
		}
		return anyio.Sleep(ctx, time.Minute) // here the program does its work
	}, anyio.On(s))
	for _, f := range s.Faults() {
		fmt.Println(f)
	}
	fmt.Println(err)
	// Output:
	// 29.73312s: duplicate db1 - db2 for 1.737051s
	// 33.070572s: power off db2, restart after 4.54241s
	// 56.194132s: kill db2, restart after 3.805868s
	// <nil>
}
