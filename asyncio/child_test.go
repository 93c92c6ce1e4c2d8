package asyncio_test

import (
	"io"
	"os"
	"strconv"
	"time"

	"github.com/anyio-go/anyio/process"
)

// child is a command that starts this program once more, for steps: "cat" copies the input to
// the output, "wait" takes long, a number is the status to end with, and "out:" and "err:"
// say what follows.
func child(steps ...string) process.Command {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return process.Command{
		Args: append([]string{exe, "child"}, steps...),
		Env:  append(os.Environ(), "GORACE=atexit_sleep_ms=0"),
	}
}

// beChild takes the steps if this program is a child.
func beChild() {
	if len(os.Args) < 2 || os.Args[1] != "child" {
		return
	}
	for _, step := range os.Args[2:] {
		switch step[:min(4, len(step))] {
		case "cat":
			_, _ = io.Copy(os.Stdout, os.Stdin)
		case "out:":
			_, _ = os.Stdout.WriteString(step[4:])
		case "err:":
			_, _ = os.Stderr.WriteString(step[4:])
		case "wait":
			<-time.After(10 * time.Minute)
		default:
			code, err := strconv.Atoi(step)
			if err != nil {
				panic(err)
			}
			os.Exit(code)
		}
	}
	os.Exit(0)
}
