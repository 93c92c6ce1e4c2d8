package simtrace

// A Packet is what is told of one.
type Packet struct {
	From, To string // hosts
	Src, Dst string // ports
	What     string
	Bytes    int
	Control  bool
}

// Send tells of a packet, and what becomes of it, "" if it is on its way. It returns the
// message that it belongs to.
//
//go:norace
func (r *Recorder) Send(d Doer, p Packet, fate string) (m *Message) {
	r.apart(func() {
		who, by := r.who(d)
		r.sits(who, p.From)
		step := uint64(0)
		if n := len(r.rec.Steps); n > 0 {
			step = r.rec.Steps[n-1].N
		}
		if m = r.more(p, fate, step, who, d.Now); m != nil {
			return
		}
		m = &Message{ID: len(r.rec.Sent), From: p.From, To: p.To, Src: p.Src, Dst: p.Dst, What: p.What, Bytes: p.Bytes,
			Packets: 1, Control: p.Control, By: by, Who: who, For: Nobody, Step: step, Sent: d.Now, Arrived: Never, Fate: fate}
		if len(r.rec.Sent) < r.limit {
			r.rec.Sent = append(r.rec.Sent, m)
			r.event(Event{Kind: Send, Now: d.Now, Who: who, By: by, Task: Nobody, Sent: m})
		}
	})
	return m
}

// sits notes on which host a task is that was started on the host that there always is: it
// has gone to another since.
func (r *Recorder) sits(task int32, host string) {
	if task == Nobody {
		return
	}
	if t := &r.rec.Tasks[task]; t.Host == Localhost || t.Host == "" {
		t.Host = host
	}
}

// more is the message that a packet is a part of, nil if it begins one.
func (r *Recorder) more(p Packet, fate string, step uint64, who int32, now int64) *Message {
	n := len(r.rec.Sent)
	if n == 0 || p.Bytes == 0 {
		return nil
	}
	m := r.rec.Sent[n-1]
	if m.Bytes == 0 || m.Fate != fate || m.Step != step || m.Sent != now || m.Who != who || m.What != p.What ||
		m.From != p.From || m.To != p.To || m.Src != p.Src || m.Dst != p.Dst {
		return nil
	}
	m.Bytes, m.Packets = m.Bytes+p.Bytes, m.Packets+1
	return m
}

// Lose tells what has become of a packet on its way.
func (r *Recorder) Lose(m *Message, fate string) {
	r.apart(func() {
		if m != nil && m.Arrived == Never {
			m.Fate = fate
		}
	})
}

// Arrive tells that a packet of a message arrives: what follows is done by it, until
// Arrive(nil).
func (r *Recorder) Arrive(m *Message, now int64) {
	r.apart(func() {
		if r.arrives = m; m != nil {
			m.Arrived, m.Fate = now, ""
		}
	})
}
