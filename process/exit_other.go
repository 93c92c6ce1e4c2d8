//go:build !linux

package process

// waitEnd would tell of the end of the process before it is waited for.
func (p *Process) waitEnd() bool { return false }
