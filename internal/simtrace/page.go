package simtrace

import (
	"embed"
	"encoding/json"
	"html"
	"io"
	"strconv"
)

// pageTurns is how many turns the page tells as text.
const pageTurns = 300

//go:embed page
var pages embed.FS

// scripts are the parts of the page's program, in order.
var scripts = []string{"data.js", "words.js", "draw.js", "arrows.js", "view.js", "start.js"}

// WriteHTML writes a page that shows the run in a browser. It is one file that asks for
// nothing else.
func (rec *Record) WriteHTML(w io.Writer, title string) error {
	data, err := json.Marshal(rec.page(title)) // which escapes <, > and &
	if err != nil {
		return err
	}
	p := &pageWriter{w: w}
	p.text(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>` + html.EscapeString(title) + "</title>\n<style>\n")
	p.file("page.css")
	p.text("</style>\n</head>\n<body>\n")
	p.file("page.html")
	p.text(`<script type="application/json" id="data">`)
	p.text(string(data))
	p.text("</script>\n<script>\n'use strict';\n")
	for _, name := range scripts {
		p.file(name)
	}
	p.text("</script>\n</body>\n</html>\n")
	return p.err
}

// A pageWriter writes until something fails.
type pageWriter struct {
	w   io.Writer
	err error
}

func (p *pageWriter) text(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s)
	}
}

func (p *pageWriter) file(name string) {
	data, err := pages.ReadFile("page/" + name)
	if err != nil {
		panic(err) // it is part of the program
	}
	p.text(string(data))
}

// A page is a record as its program reads it. Steps are named by their places, -1 being
// before the first one.
type page struct {
	Title   string     `json:"title"`
	Seed    string     `json:"seed"` // too large for a number
	Kept    int        `json:"kept"`
	Missing int        `json:"missing"`
	Last    int64      `json:"last"` // when something happened last
	Hosts   []string   `json:"hosts"`
	Tasks   [][3]any   `json:"tasks"` // ID, name, host
	Ops     []string   `json:"ops"`
	Stacks  [][]string `json:"stacks"` // call, places
	Steps   pageSteps  `json:"steps"`
	Events  [][8]any   `json:"events"` // kind, by, step, time, who, task, message, text
	Sent    [][14]any  `json:"msgs"`   // from, to, ports, what, bytes, packets, control, who, for, step, sent, arrived, fate
	Bands   []band     `json:"bands"`
	End     *pageEnd   `json:"end,omitempty"`
	Err     string     `json:"err"`
	Text    string     `json:"text"`
}

type pageSteps struct {
	Task  []int32 `json:"task"`
	Now   []int64 `json:"now"` // since the one before
	End   []int   `json:"end"` // not bytes, which are written as base64
	Op    []int32 `json:"op"`
	Stack []int32 `json:"stack"`
}

type pageEnd struct {
	Kind  string        `json:"kind"`
	Text  string        `json:"text"`
	Cycle []pageLink    `json:"cycle,omitempty"`
	Tasks []pageBlocked `json:"tasks"`
}

type pageLink struct {
	Task  int32  `json:"t"`
	For   string `json:"for"`
	Place string `json:"place"`
}

type pageBlocked struct {
	Task  int32      `json:"t"`
	Holds []pageHold `json:"holds,omitempty"`
}

type pageHold struct {
	What   string  `json:"what"`
	Place  string  `json:"place"`
	Wanted []int32 `json:"wanted"`
}

// page is the record as it is written.
func (rec *Record) page(title string) *page {
	p := &page{Title: title, Seed: strconv.FormatUint(rec.Seed, 10), Kept: rec.Kept, Missing: rec.Missing, Ops: rec.Ops,
		Err: rec.Err, Text: rec.Text(pageTurns), Hosts: []string{}, Tasks: [][3]any{}, Stacks: [][]string{}, Events: [][8]any{}, Sent: [][14]any{}}
	p.Steps = pageSteps{Task: []int32{}, Now: []int64{}, End: []int{}, Op: []int32{}, Stack: []int32{}}
	hosts := make(map[string]int)
	host := func(name string) int {
		at, ok := hosts[name]
		if !ok {
			at = len(p.Hosts)
			p.Hosts, hosts[name] = append(p.Hosts, name), at
		}
		return at
	}
	for _, t := range rec.Tasks {
		p.Tasks = append(p.Tasks, [3]any{t.ID, t.Name, t.Host})
		if t.Host != "" {
			host(t.Host)
		}
	}
	for _, s := range rec.Stacks {
		p.Stacks = append(p.Stacks, append([]string{s.Call}, s.Places...))
	}
	for _, s := range rec.Steps {
		p.Steps.add(s, s.Now-p.Last)
		p.Last = s.Now
	}
	sent := make(map[*Message]int)
	for i, m := range rec.Sent {
		sent[m] = i
		p.Sent = append(p.Sent, [14]any{host(m.From), host(m.To), m.Src, m.Dst, m.What, m.Bytes, m.Packets, m.Control,
			m.Who, m.For, rec.at(m.Step), m.Sent, m.Arrived, m.Fate})
		p.Last = max(p.Last, m.Sent, m.Arrived)
	}
	for _, e := range rec.Events {
		msg, ok := sent[e.Sent]
		if !ok {
			msg = -1
		}
		p.Events = append(p.Events, [8]any{e.Kind, e.By, rec.at(e.Step), e.Now, e.Who, e.Task, msg, e.Text})
		p.Last = max(p.Last, e.Now)
	}
	p.Bands = rec.bands()
	if st := rec.Stall; st != nil {
		p.End = newPageEnd(st)
	}
	return p
}

func (p *pageSteps) add(s Step, since int64) {
	p.Task, p.Now, p.End = append(p.Task, s.Task), append(p.Now, since), append(p.End, int(s.End))
	p.Op, p.Stack = append(p.Op, s.Op), append(p.Stack, s.Stack)
}

func newPageEnd(st *Stalled) *pageEnd {
	end := &pageEnd{Kind: st.Kind, Text: st.Text, Tasks: []pageBlocked{}}
	for _, l := range st.Cycle {
		end.Cycle = append(end.Cycle, pageLink(l))
	}
	for _, b := range st.Tasks {
		to := pageBlocked{Task: b.Task}
		for _, h := range b.Holds {
			to.Holds = append(to.Holds, pageHold{h.What, h.Place, append([]int32{}, h.Wanted...)})
		}
		end.Tasks = append(end.Tasks, to)
	}
	return end
}

// at is the place of a step by its number, -1 before the first.
func (rec *Record) at(n uint64) int {
	at := int(n) - 1
	if rec.Missing > 0 && at >= rec.Kept {
		at -= rec.Missing
	}
	return min(at, len(rec.Steps)-1)
}
