package schedule

import "slices"

// fewerDraws makes choices within steps the usual ones, all of them, then in halves, quarters
// and so on, the last ones first.
func (s *shrinker) fewerDraws() (better bool) {
	for size := len(s.best.Draws); size > 0; size /= 2 {
		for end := len(s.best.Draws); end >= size; end = min(end, len(s.best.Draws)) {
			if s.simplify(func(p *Plan) { p.Draws = slices.Delete(p.Draws, end-size, end) }) {
				better = true
			} else {
				end -= size
			}
		}
	}
	return better
}
