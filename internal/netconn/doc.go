// Package netconn is the socket layer over package net: of the parallel backend,
// and of an event loop on systems where that has none of its own.
//
// Its calls are made by package interrupt or, of a net.Conn without deadlines and the like,
// by package offload.
package netconn
