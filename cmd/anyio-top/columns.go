package main

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// cells are what a row has in each column.
type cells [6]string

const (
	colTask = iota
	colState
	colFor
	colSince
	colAt
	colWho
)

// columns are how wide each one is, 0 if there is no room for it.
type columns [6]int

// shapes are what columns need, get of what is left, and at most make use of.
var shapes = [6]struct{ least, share, most int }{
	colTask:  {12, 3, 44},
	colState: {8, 0, 8},
	colFor:   {12, 2, 24},
	colSince: {6, 0, 6},
	colAt:    {14, 3, 36},
	colWho:   {12, 5, 1 << 20},
}

// given up are the columns for which there is no room, in this order.
var givenUp = [...]int{colWho, colAt, colFor, colState, colSince}

// markWidth is what stands left of the first column.
const markWidth = 2

// columnsIn shares a width out.
func columnsIn(width int) (c columns) {
	left := width - markWidth + 1 // there is nothing after the last one
	for i, s := range shapes {
		c[i] = s.least
		left -= s.least + 1
	}
	for _, i := range givenUp {
		if left >= 0 {
			break
		}
		left += c[i] + 1
		c[i] = 0
	}
	if left < 0 {
		c[colTask] = max(0, c[colTask]+left)
		left = 0
	}
	for left > 0 { // one for each share, until nobody makes use of more
		before := left
		for i, s := range shapes {
			if c[i] > 0 {
				more := min(s.share, s.most-c[i], left)
				c[i], left = c[i]+more, left-more
			}
		}
		if left == before {
			break
		}
	}
	return c
}

// line is a row, filled with spaces up to the last column's end.
func (c columns) line(mark string, of cells) string {
	var b strings.Builder
	b.WriteString(mark)
	first := true
	for i, text := range of {
		if c[i] == 0 {
			continue
		}
		if !first {
			b.WriteByte(' ')
		}
		first = false
		over := ansi.StringWidth(text) - c[i]
		if over > 0 {
			if i == colAt { // the file and the line are at the end
				text = ansi.TruncateLeft(text, over+1, "…")
			} else {
				text = ansi.Truncate(text, c[i], "…")
			}
		}
		fill := strings.Repeat(" ", max(0, c[i]-ansi.StringWidth(text)))
		if i == colSince {
			b.WriteString(fill + text)
		} else {
			b.WriteString(text + fill)
		}
	}
	return b.String()
}
