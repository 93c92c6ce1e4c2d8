package inspect

import (
	"encoding/json"

	"github.com/anyio-go/anyio/internal/remote"
)

// Other machines see what is here by the module cluster.
func init() { remote.Snapshot = func() ([]byte, error) { return json.Marshal(Take()) } }

// ClusterNumbers returns what the module cluster has counted in this process, nil if the
// program does not use it:
//
//	calls    made for this process: begun, waited, done, failed, broken, canceled, refused
//	workers  of this process: served, busy, running, capacity
//	jobs     submitted, taken, done, retried, returned, dead
//
// The numbers "running" and "capacity" are those of now, all others count from the begin of
// the process. The field of the same name in cluster.Statistics says what each of them is.
func ClusterNumbers() map[string]map[string]int64 {
	if remote.Numbers == nil {
		return nil
	}
	return remote.Numbers()
}
