// Command failures prints what the failed tests of a log of go test -json have said.
package main

import (
	"fmt"
	"os"

	"github.com/anyio-go/anyio/internal/testlog"
)

func main() {
	l, err := testlog.Read(os.Stdin)
	if err != nil {
		fmt.Println("reading the log:", err)
	}
	fmt.Print(l.Failures())
}
