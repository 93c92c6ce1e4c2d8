package simloop

// Idle is how many drivers wait for runs to come.
func Idle() int {
	idle.mu.Lock()
	defer idle.mu.Unlock()
	return len(idle.all)
}
