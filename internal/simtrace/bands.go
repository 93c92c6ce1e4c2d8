package simtrace

import "strings"

// A band is the time from a fault to its end.
type band struct {
	Text  string `json:"text"`
	At    int    `json:"at"` // place of the step in which it began
	Now   int64  `json:"now"`
	To    int    `json:"to"` // -1: it does not end
	ToNow int64  `json:"toNow"`
	Lasts bool   `json:"end"` // up to the end of the run, if To is -1; else it is a moment

	begins, what string
}

// ends are the words that end what other words begin, in the texts of faults.
var ends = map[string][]string{"heal": {"partition"}, "release": {"hold"}, "restart": {"kill", "power off"}, "over:": {"planned:"}}

// bands are the faults of the run.
func (rec *Record) bands() []band {
	all := []band{}
	for _, e := range rec.Events {
		if e.Kind != Fault {
			continue
		}
		word, what, _ := strings.Cut(e.Text, " ")
		if begins, ok := ends[word]; ok {
			rec.endBands(all, e, begins, what)
			continue
		}
		if rest, ok := strings.CutPrefix(what, "off "); ok && word == "power" {
			word, what = "power off", rest
		}
		text := strings.TrimPrefix(e.Text, "planned: ") // by the run's seed
		b := band{Text: text, At: rec.at(e.Step), Now: e.Now, To: -1, begins: word, what: what}
		switch word {
		case "partition", "isolate", "hold", "kill", "power off":
			b.Lasts = true
		case "planned:":
			b.Lasts = !strings.HasPrefix(what, "reset ")
		}
		all = append(all, b)
	}
	return all
}

// endBands ends those that are over by an event.
func (rec *Record) endBands(all []band, e Event, begins []string, what string) {
	for i := range all {
		b := &all[i]
		if b.To >= 0 || !b.Lasts {
			continue
		}
		over := b.begins == "isolate" && begins[0] == "partition" && what == "all"
		for _, word := range begins {
			if b.begins == word && (what == "all" || sameLink(b.what, what) || strings.HasPrefix(b.what, what+": ")) {
				over = true
			}
		}
		if over {
			b.To, b.ToNow = rec.at(e.Step), e.Now
		}
	}
}

// sameLink reports whether two texts mean the same link: "a - b" and "b - a" do.
func sameLink(a, b string) bool {
	from, to, both := strings.Cut(a, " - ")
	return a == b || both && b == to+" - "+from
}
