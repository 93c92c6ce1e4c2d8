package cluster

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
)

func FuzzRequest(f *testing.F) {
	q := &request{function: "f", types: 7, remaining: time.Second, codec: "gob", carried: map[string]string{"k": "v"}, argument: []byte("argument")}
	f.Add(q.encode())
	f.Add((&request{function: "g", remaining: -1}).encode())
	f.Add([]byte{version, 'q', 1, 'f', 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		q, err := decodeRequest(data)
		if err != nil {
			return
		}
		again, err := decodeRequest(q.encode())
		if err != nil {
			t.Fatal(err)
		}
		if q.remaining < 0 { // there is none
			q.remaining, again.remaining = -1, min(again.remaining, -1)
		}
		if len(q.argument) == 0 && len(again.argument) == 0 {
			q.argument, again.argument = nil, nil
		}
		if len(q.carried) == 0 && len(again.carried) == 0 {
			q.carried, again.carried = nil, nil
		}
		if !reflect.DeepEqual(q, again) {
			t.Errorf("%+v became %+v", q, again)
		}
	})
}

func FuzzPing(f *testing.F) {
	f.Add((&ping{from: "a", running: []uint64{1, 2}, waiting: []uint64{3}}).encode('p'))
	f.Add([]byte{version, 'p', 1, 'a', 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decodePing(data, 'p')
		if err != nil {
			return
		}
		again, err := decodePing(p.encode('p'), 'p')
		if err != nil || !reflect.DeepEqual(p, again) {
			t.Errorf("%+v became %+v, %v", p, again, err)
		}
	})
}

func FuzzReader(f *testing.F) {
	w := newWriter('x', 0)
	w.text("caller")
	w.numbers([]uint64{1, 1 << 40})
	f.Add([]byte(w))
	f.Fuzz(func(t *testing.T, data []byte) {
		kind, r := newReader(data)
		text, numbers, number := r.text(), r.numbers(), r.number()
		if r.err != nil {
			if r.number() != 0 || r.text() != "" || len(r.numbers()) > 0 {
				t.Error("it reads on after a failure")
			}
			return
		}
		w := newWriter(kind, 0)
		w.text(text)
		w.numbers(numbers)
		w.number(number)
		if _, again := newReader(w); again.text() != text || !reflect.DeepEqual(again.numbers(), numbers) || again.number() != number || again.err != nil {
			t.Error("it is read in another way again")
		}
	})
}

func TestPartsOfAPingAreSmallAndComplete(t *testing.T) {
	p := &ping{from: "a"}
	for i := range 3*mostNumbers + 5 {
		p.waiting = append(p.waiting, uint64(i)<<40)
		if i < mostNumbers+1 {
			p.running = append(p.running, uint64(i))
		}
	}
	all := &ping{from: "a"}
	for _, part := range p.parts() {
		data := part.encode('p')
		if len(data) > 1<<18 {
			t.Error(len(data))
		}
		got, err := decodePing(data, 'p')
		if err != nil {
			t.Fatal(err)
		}
		all.running, all.waiting = append(all.running, got.running...), append(all.waiting, got.waiting...)
	}
	if !reflect.DeepEqual(all, p) {
		t.Error("something is lost")
	}
	if n := len((&ping{from: "a"}).parts()); n != 1 {
		t.Error(n, "parts of nothing")
	}
}

func TestTokensAreSubjects(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"a", "A", "a b", "a.b", "a*", "a>", "=61", "ä", "\n", strings.Repeat("x", 5000), strings.Repeat("x", 5001), strings.Repeat("ö", 3000)} {
		token := tokenOf(name)
		if len(token) > 1000 || strings.ContainsAny(token, " .*>\r\n\t") || !bytes.Equal([]byte(token), []byte(strings.ToValidUTF8(token, "?"))) {
			t.Errorf("%q: %q", name, token)
		}
		if other, ok := seen[token]; ok {
			t.Errorf("%q and %q: %q", name, other, token)
		}
		seen[token] = name
	}
}
