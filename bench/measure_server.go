package main

import "time"

// A served is a server with its client.
type served struct {
	*server
	load *client
}

func serve(id, who string, idle int, env ...string) (*served, error) {
	s, err := startServer(id, who, env...)
	if err != nil {
		return nil, err
	}
	c, err := startClient(id, s.addr, idle)
	if err != nil {
		s.stop()
		return nil, err
	}
	return &served{s, c}, nil
}

func (s *served) stop() {
	s.load.stop()
	s.server.stop()
}

// run makes n operations and measures what they cost the server.
func (s *served) run(m *meter, n int) error {
	before, err := s.processorTime()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := s.load.do(n); err != nil {
		return err
	}
	m.wall += time.Since(began)
	after, err := s.processorTime()
	m.cpu += time.Duration(after - before)
	return err
}

// measureServers loads our servers on all backends and the peers' in turns.
func measureServers(ps []pair, e effort) ([]row, error) {
	if ps[0].server.idle {
		return measureIdle(ps, e)
	}
	start := func(who string) (side, func(), error) {
		s, err := serve(ps[0].id, who, 0)
		if err != nil {
			return nil, nil, err
		}
		return s.run, s.stop, nil
	}
	var ours []contender
	for _, p := range ps {
		run, stop, err := start(p.backend)
		if err != nil {
			return nil, err
		}
		defer stop()
		c, err := p.contender(p.backend, run, e)
		if err != nil {
			return nil, err
		}
		ours = append(ours, c)
	}
	rivals, err := ps[0].startRivals(e, func(name string) (side, func(), error) {
		if name == ps[0].peer && ps[0].server.their != nil {
			name = "peer"
		}
		return start(name)
	})
	if err != nil {
		return nil, err
	}
	defer stopRivals(rivals)
	return compare(ps, e, "ns", ours, rivals)
}

func backendsAndPeer(ps []pair) (names []string) {
	for _, p := range ps {
		names = append(names, p.backend)
	}
	return append(names, "peer")
}

// serverRows sets each backend beside the peer, which is the last.
func serverRows(ps []pair, unit string, all [][]sample, err error) (rows []row, _ error) {
	if err != nil {
		return nil, err
	}
	for i, p := range ps {
		rows = append(rows, p.row(unit, p.peer, p.goal, all[i], all[len(ps)]))
	}
	return rows, nil
}

// measureIdle compares the memory of connections that do nothing, each time in new
// processes.
func measureIdle(ps []pair, e effort) ([]row, error) {
	if _, err := resident(); err != nil {
		return nil, err
	}
	var cs []contender
	for _, who := range backendsAndPeer(ps) {
		cs = append(cs, contender{who, func() (sample, error) { return idleMemory(ps[0].id, who, e.idle) }})
	}
	all, err := takeTurns(min(e.rounds, 5), cs)
	return serverRows(ps, "B", all, err)
}

func idleMemory(id, who string, n int) (sample, error) {
	s, err := startServer(id, who)
	if err != nil {
		return sample{}, err
	}
	defer s.stop()
	before, err := s.number("rss")
	if err != nil {
		return sample{}, err
	}
	c, err := startClient(id, s.addr, n)
	if err != nil {
		return sample{}, err
	}
	defer c.stop()
	if err := c.do(n); err != nil { // so that all have been accepted
		return sample{}, err
	}
	after, err := s.number("rss")
	return sample{value: (after - before) / float64(n)}, err
}

// profileServer profiles our server under the load of a second or more.
func (p pair) profileServer(file string, e effort) error {
	s, err := serve(p.id, p.backend, 0, profileVar+"="+file)
	if err != nil {
		return err
	}
	defer s.stop()
	_, err = side(s.run).calibrate(p.leastOps(e), p.batch, max(e.round, time.Second))
	return err
}
