package loop

// Without a direct import the compiler takes the atomics of package quiet for calls, and
// does not inline what uses them.
import _ "sync/atomic"
