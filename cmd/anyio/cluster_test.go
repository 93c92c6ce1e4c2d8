package main

import (
	"strings"
	"testing"
)

func TestClusterProgramThatIsNotInstalled(t *testing.T) {
	for _, command := range []string{"ps", "tree"} {
		t.Setenv("PATH", t.TempDir())
		status, stdout, stderr := runMain(t, t.Context(), command, "-cluster", "nats://nowhere:4222")
		const want = "anyio: the program anyio-cluster is not installed; in a copy of the repository: go install -C cluster ./cmd/anyio-cluster\n"
		if status != exitFailed || stdout != "" || stderr != want {
			t.Errorf("%s: status %d, %q, %q", command, status, stdout, stderr)
		}
	}
}

func TestClusterIsLookedAtByItsProgram(t *testing.T) {
	installed(t, clusterProgram, `echo "$@"; exit 3`)
	for args, want := range map[string]string{
		"ps -cluster nats://h:4222":                         "ps nats://h:4222\n",
		"ps -cluster nats://h:4222 -- -wait 3s -creds file": "ps -wait 3s -creds file nats://h:4222\n",
		"tree -json -cluster nats://h:4222 -- -wait 3s":     "tree -wait 3s -json nats://h:4222\n",
	} {
		if status, stdout, stderr := runMain(t, t.Context(), strings.Fields(args)...); status != 3 || stdout != want || stderr != "" {
			t.Errorf("%s: status %d, %q, %q", args, status, stdout, stderr)
		}
	}
	for _, args := range []string{"ps more", "ps -cluster -json"} {
		if status, stdout, stderr := runMain(t, t.Context(), strings.Fields(args)...); status != exitUsage || stdout != "" || stderr == "" {
			t.Errorf("%s: status %d, %q, %q", args, status, stdout, stderr)
		}
	}
}
