package process_test

import (
	"context"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

// Others in the group get the signal, and so the system has no complaint.
func TestLeaderThatHasLeftOthersInItsGroupIsKilled(t *testing.T) {
	if _, err := exec.LookPath("perl"); err != nil {
		t.Skip("no perl, which can change its group")
	}
	onReal(t, func(t *testing.T, ctx context.Context) {
		script := "fork or exec 'sleep', 1000; setpgrp(0, " + strconv.Itoa(syscall.Getpgrp()) + ") or die; syswrite STDOUT, 'moved'; sleep 1000"
		p, err := process.Start(ctx, process.Command{Args: []string{"perl", "-e", script}, KillGroup: true})
		testkit.Must(t, err)
		if said, err := read(ctx, p.Stdout); said != "moved" {
			t.Errorf("%q, %v", said, err)
		}
		testkit.WantNil(t, "kill", p.Kill())
		if code, err := p.Wait(ctx); code != -int(syscall.SIGKILL) || err != nil {
			t.Errorf("%d, %v", code, err)
		}
		testkit.WantNil(t, "close", p.Close(ctx))
	})
}
