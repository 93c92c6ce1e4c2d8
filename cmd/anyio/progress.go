package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// progressEvery is how often the live line changes.
const progressEvery = 100 * time.Millisecond

// progress is one line that is written over and over, if it goes to a terminal.
// It uses carriage returns and spaces alone, which every terminal understands.
type progress struct {
	w     io.Writer // nil if there is no terminal
	last  time.Time // of the last change, real time
	width int       // of what stands there
}

func newProgress(w io.Writer) *progress {
	file, ok := w.(*os.File)
	if !ok {
		return &progress{}
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return &progress{}
	}
	return &progress{w: file}
}

// begin lets some time pass before the line appears: what is quick needs none.
func (p *progress) begin() { p.last = time.Now() }

// show changes the line, unless it has just been changed.
func (p *progress) show(format string, args ...any) {
	if p.w == nil || time.Since(p.last) < progressEvery {
		return
	}
	p.last = time.Now()
	line := fmt.Sprintf(format, args...)
	fmt.Fprintf(p.w, "\r%-*s", p.width, line)
	p.width = max(p.width, len(line))
}

// clear removes the line, and the ^C that a terminal may have written.
func (p *progress) clear() {
	if p.w != nil {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.width+2))
		p.width = 0
	}
}
