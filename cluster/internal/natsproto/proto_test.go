package natsproto

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// frames reads all of what a peer sends.
func frames(t testing.TB, text string) (all []Frame, err error) {
	ctx := context.Background()
	here, there := stream.Pipe(len(text) + 1)
	if err := there.Send(ctx, []byte(text)); err != nil && text != "" {
		t.Fatal(err)
	}
	if err := there.SendEOF(ctx); err != nil {
		t.Fatal(err)
	}
	r := stream.NewBufferedReceiver(here)
	for {
		f, err := Read(ctx, r)
		if err != nil {
			return all, err
		}
		all = append(all, f)
	}
}

func TestRead(t *testing.T) {
	text := "INFO {\"a\": \"b c\"}\r\nping\r\nSUB a.b  q 7\r\nPUB a r 2\r\n\r\n\r\nHMSG a 7 16 18\r\n" + NoResponders + "\r\nxy\r\n-ERR 'no way'\r\n"
	want := []Frame{
		{Verb: "INFO", Args: []string{`{"a": "b c"}`}},
		{Verb: "PING"},
		{Verb: "SUB", Args: []string{"a.b", "q", "7"}},
		{Verb: "PUB", Args: []string{"a", "r"}, Payload: []byte("\r\n"), Headers: []byte{}},
		{Verb: "HMSG", Args: []string{"a", "7"}, Headers: []byte(NoResponders + "\r\n"), Payload: []byte("xy")},
		{Verb: "-ERR", Args: []string{"'no way'"}},
	}
	got, err := frames(t, text)
	if !errors.Is(err, anyio.ErrEndOfStream) || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%#v\n%#v", err, got, want)
	}
	for _, bad := range []string{"PUB a\r\n", "PUB a -1\r\n", "PUB a x\r\n", "PUB a 9999999\r\n", "HPUB a 5 3\r\nabc\r\n", "HPUB a 3\r\nabc\r\n", "PUB a 2\r\nabc\r\n", "PUB a 2\r\na"} {
		if got, err := frames(t, bad); err == nil || errors.Is(err, anyio.ErrEndOfStream) || got != nil {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
}

// What is appended is read as it was.
func FuzzFrames(f *testing.F) {
	f.Add("a.b", "7", "", "", "x")
	f.Add("a", "8", "r.q", NoResponders+"\r\n", "")
	f.Fuzz(func(t *testing.T, subject, sid, reply, headers, payload string) {
		for _, s := range []string{subject, sid, reply} {
			for _, c := range s {
				if c <= ' ' || c > '~' || len(s) > 100 {
					t.Skip()
				}
			}
		}
		if subject == "" || sid == "" {
			t.Skip()
		}
		got, err := frames(t, string(AppendMsg(nil, subject, sid, reply, []byte(headers), []byte(payload))))
		if len(got) != 1 || string(got[0].Headers) != headers || string(got[0].Payload) != payload || got[0].Args[0] != subject {
			t.Errorf("%v: %#v", err, got)
		}
	})
}
