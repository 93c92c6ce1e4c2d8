package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// A record is one thing that a command has to tell: a line of JSON, or some lines
// for people.
type record interface {
	text(w io.Writer)
}

// output prints records.
type output struct {
	w    io.Writer
	json bool
	err  error // of the first write that failed
}

func (o *output) emit(r record) {
	var text strings.Builder
	if o.json {
		line, err := json.Marshal(r)
		if err != nil {
			panic(err) // records are plain structs
		}
		text.Write(append(line, '\n'))
	} else {
		r.text(&text)
	}
	if _, err := io.WriteString(o.w, text.String()); err != nil && o.err == nil {
		o.err = err
	}
}

// demoRecord opens the demo.
type demoRecord struct {
	Kind     string   `json:"kind"`
	OS       string   `json:"os"`
	Arch     string   `json:"arch"`
	Go       string   `json:"go"`
	CPUs     int      `json:"cpus"`
	Backends []string `json:"backends"`
	Seed     uint64   `json:"seed"`
	Dir      string   `json:"dir"`
}

func (r demoRecord) text(w io.Writer) {
	fmt.Fprintf(w, "AnyIO for Go: the same code on %s\n", list(r.Backends))
	fmt.Fprintf(w, "%s, %s/%s, %d CPUs, seed %d\n", r.Go, r.OS, r.Arch, r.CPUs, r.Seed)
}

// endRecord closes the demo.
type endRecord struct {
	Kind        string  `json:"kind"`
	Elapsed     float64 `json:"elapsed_ms"`
	Interrupted bool    `json:"interrupted"`
	Failed      bool    `json:"failed"`
}

func (r endRecord) text(w io.Writer) {
	how := "Done in"
	switch {
	case r.Interrupted:
		how = "Interrupted: every task has ended, what is shown is partial. It ran for"
	case r.Failed:
		how = "Failed after"
	}
	fmt.Fprintf(w, "\n%s %.1f s.\n", how, r.Elapsed/1000)
}

// sectionRecord begins a part.
type sectionRecord struct {
	Kind  string   `json:"kind"`
	Title string   `json:"title"`
	Lines []string `json:"-"`
}

func (r sectionRecord) text(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n%s\n", r.Title, strings.Repeat("-", len(r.Title)))
	for _, line := range r.Lines {
		fmt.Fprintln(w, line)
	}
}

func (d *demo) section(title string, lines ...string) {
	d.out.emit(sectionRecord{Kind: "section", Title: title, Lines: lines})
}

// millis is a duration in milliseconds, rounded to a thousandth.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// grouped writes a number with its digits in groups: 12,345,678.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// list writes names as in a sentence: a, b and c.
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
