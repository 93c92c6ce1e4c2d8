// Package trees lets package look ask for the tasks of members, which package cluster does
// not decode: who does not look needs no package inspect. Package cluster fills in Ask.
package trees

import (
	"context"
	"time"
)

// A Tree is a snapshot of package inspect as JSON, or why there is none.
type Tree struct {
	JSON []byte
	Err  error
}

// Ask asks members for the trees of their processes by a *cluster.Conn. Those that do not
// answer in time, or are not there any more, are left out.
var Ask func(ctx context.Context, conn any, members []string, wait time.Duration) (map[string]Tree, error)
