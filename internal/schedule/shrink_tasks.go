package schedule

import "slices"

// fewerTasks puts tasks off that have run before the failure, in halves, quarters and so
// on, those that were started last first: what is not needed for the failure then runs
// after it, or not at all. It makes a quarter of the runs that are left at most.
func (s *shrinker) fewerTasks() (better bool) {
	least := s.runs - (s.runs+3)/4
	for size := len(s.needed()); size > 0; size /= 2 {
		for end := len(s.needed()); end > 0 && s.runs > least; {
			all := s.needed()
			end = min(end, len(all))
			begin := max(end-size, 0)
			if s.late(append(slices.Clone(s.best.Late), all[begin:end]...)) {
				better = true
			}
			end = begin
		}
	}
	return better
}

// soonerTasks lets tasks run as usual for which that changes nothing.
func (s *shrinker) soonerTasks() (better bool) {
	for i := len(s.best.Late) - 1; i >= 0; i-- {
		better = s.late(slices.Delete(slices.Clone(s.best.Late), i, i+1)) || better
	}
	return better
}

// needed are the keys of tasks that had run when the best run failed, the first one,
// which starts all others, left out.
func (s *shrinker) needed() (keys []uint64) {
	for _, t := range s.ts.byID {
		if s.ts.ran(t) && t.Key != firstKey && !slices.Contains(s.best.Late, t.Key) {
			keys = append(keys, t.Key)
		}
	}
	return keys
}

// late tries to put these tasks off in place of those that are, and reports whether that
// is better. There may be no more switches, and if there are fewer of them because
// others are put off, that alone is no better.
func (s *shrinker) late(keys []uint64) bool {
	if s.over() {
		return false
	}
	p := *s.best
	p.Late = keys
	s.runs--
	as, ts, fails := s.run(&p)
	if !fails || !simpler(as, s.best) || as.Ran > s.best.Ran || as.Ran == s.best.Ran && len(as.Late) >= len(s.best.Late) {
		return false
	}
	s.best, s.ts = as, ts
	return true
}
