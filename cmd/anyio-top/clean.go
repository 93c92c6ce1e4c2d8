package main

import (
	"unicode/utf8"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/tasktree"
)

// mostText is how many bytes of one text of the process are kept.
const mostText = 1000

// clean makes a snapshot of another process fit for this terminal. Names of tasks may hold
// whatever that process has read from the network: a sequence that steers the terminal, or
// text that runs backwards, would show what is not so, or do worse.
func clean(s *inspect.Snapshot) {
	printables(&s.Program)
	for i := range s.Runs {
		r := &s.Runs[i]
		printables(&r.Backend)
		deepest := 0
		for n := range r.Tasks {
			t := &r.Tasks[n]
			state := string(t.State)
			printables(&t.Name, &state, &t.WaitsFor, &t.Goroutine, &t.Canceled)
			t.State = anyio.TaskActivity(state)
			for a := range t.At {
				printables(&t.At[a])
			}
			if t.Wants != nil {
				printables(&t.Wants.What)
				for o := range t.Wants.Owners {
					printables(&t.Wants.Owners[o].Name, &t.Wants.Owners[o].Place)
				}
			}
			// A tree cannot be drawn of any numbers.
			t.Depth = max(0, min(t.Depth, deepest))
			deepest = t.Depth + 1
		}
	}
	for i := range s.Deadlocks {
		for n := range s.Deadlocks[i].Circle {
			l := &s.Deadlocks[i].Circle[n]
			printables(&l.Name, &l.What, &l.Place)
		}
	}
}

func printables(texts ...*string) {
	for _, text := range texts {
		*text = printable(*text)
	}
}

// printable is a text without what is no letter, mark, number, sign or plain space.
func printable(text string) string {
	if plain(text) {
		return text
	}
	if len(text) > mostText {
		end := mostText
		for !utf8.RuneStart(text[end]) && end > mostText-utf8.UTFMax {
			end--
		}
		text = text[:end] + "…"
	}
	return tasktree.Printable(text)
}

// plain reports whether there is nothing to be done, as for nearly every text.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return len(text) <= mostText
}
