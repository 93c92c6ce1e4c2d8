// Package oteltest tests what package otelanyio tells of a cluster: traces over machines,
// and numbers. It is a module of its own, so that otelanyio needs no NATS, and cluster no
// OpenTelemetry.
package oteltest
