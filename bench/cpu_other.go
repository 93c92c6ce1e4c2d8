//go:build !unix

package main

import "errors"

func processorTime() (int64, error) {
	return 0, errors.New("processor time is measured on UNIX systems only")
}
