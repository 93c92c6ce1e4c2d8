// Package cache remembers what a function has returned, by key, and calls it once for all
// who ask for the same key at the same time.
//
//	var users = cache.New(loadUser, cache.Options{MaxSize: 1000, TTL: time.Minute})
//
//	user, err := users.Get(ctx, id)
//
// A Cache is functools.lru_cache and singleflight in one, for functions that block, fail
// and are canceled. For a function without a key see anyio.OnceValue.
//
// # Limitations
//
// Each run has its own values, and what comes from no run, such as an HTTP handler that
// was given no context of one, has some together. So a value may belong to its run, as a
// connection on an event loop does, and a simulated run begins with an empty cache. The
// hosts of a simulated network are one run: give each a cache of its own. Values are not
// closed or told when they are dropped. A key must be equal to itself, which NaN is not.
package cache
