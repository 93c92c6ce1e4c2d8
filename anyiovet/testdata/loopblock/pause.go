package loopblock

import (
	"time"
)

// pause has no context: it may be meant.
func pause() { time.Sleep(time.Second) }
