package offload

import "os"

// A Waking is a file that is closed while calls wait for it, which then end.
type Waking struct{ *os.File }
