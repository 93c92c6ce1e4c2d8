package main

import (
	"context"
	"flag"
	"fmt"
)

// clusterProgram is a program of its own, in the module cluster, as it needs NATS.
const (
	clusterProgram = "anyio-cluster"
	installCluster = "go install -C cluster ./cmd/anyio-cluster"
)

const whoIsAMember = "\nWith -cluster, of all members of a cluster; what follows -- are flags of the program anyio-cluster,\n" +
	"such as -creds. From a copy of this repository that is installed by\n\n\t" + installCluster + "\n"

// clusterFlag is the flag of commands that look at clusters, too.
func clusterFlag(fs *flag.FlagSet) *string {
	return fs.String("cluster", "", "the `address` of a server of NATS: look at all members of its cluster, by the program anyio-cluster")
}

// lookAtCluster has the program do what a command does for one machine.
func lookAtCluster(ctx context.Context, std stdio, command, url string, flags ...string) int {
	if url[0] == '-' {
		return misused(std, command, fmt.Sprintf("-cluster %q: want an address, such as nats://10.0.0.1:4222", url))
	}
	return runProgram(ctx, std, clusterProgram, installCluster, append(append([]string{command}, flags...), url)...)
}
