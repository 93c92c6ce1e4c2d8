package cluster_test

import "sync"

var (
	watchesMu sync.Mutex
	byName    = map[string]*watch{}
)

// watched returns the watch of a name, which is the test's and the backend's.
func watched(name string) *watch {
	watchesMu.Lock()
	defer watchesMu.Unlock()
	if byName[name] == nil {
		byName[name] = &watch{}
	}
	return byName[name]
}
