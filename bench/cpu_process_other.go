//go:build !linux

package main

import "errors"

func processorTimeOf(int) (int64, error) { return 0, errors.ErrUnsupported }
