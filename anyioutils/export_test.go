package anyioutils

// KeysOf is the number of keys of which a lock is kept.
func KeysOf[K comparable](r *ResourceLock[K]) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.locks)
}

// WatchersOf is how many wait for a future by Wait.
func WatchersOf[T any](f *Future[T]) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.watchers)
}
