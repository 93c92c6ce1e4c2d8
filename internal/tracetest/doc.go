// Package tracetest tests the page of a sim.Trace in a browser. It is a module of its own,
// as only this test needs what drives one.
package tracetest
