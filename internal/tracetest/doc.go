// Package tracetest tests pages in a browser: that of a sim.Trace, and that of what runs,
// which package inspect serves. It is a module of its own, as only these tests need what
// drives one; and what inspect.Trace writes, with the reader of such traces.
package tracetest
