// Package state has a mutex for other packages.
package state

import "sync"

// Mu guards all that there is.
var Mu sync.Mutex
