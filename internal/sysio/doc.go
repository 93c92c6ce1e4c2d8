// Package sysio moves the bytes of sockets without waiting, on Linux. The sockets of the
// event loop do so, and those of goroutines before they wait as package net does.
package sysio
