// Package fetch asks the processor to bring memory into its caches that is about to be
// needed. Among many tasks nothing that a switch touches is in a cache; who knows which
// tasks come next need not wait for one line of memory after the other. It is a hint: an
// address that is no longer what it was costs time and nothing else.
package fetch
