package ratelimit

// tally is what requests have cost, summed up.
type tally struct{ requests, points, writes int32 }

// tally is what one request of a cost adds; the zero Cost is no request.
func (c Cost) tally() tally {
	switch {
	case c == Cost{}:
		return tally{}
	case c.Write:
		return tally{requests: 1, points: int32(c.Points), writes: 1}
	}
	return tally{requests: 1, points: int32(c.Points)}
}

func (t tally) plus(o tally) tally {
	return tally{t.requests + o.requests, t.points + o.points, t.writes + o.writes}
}

func (t tally) minus(o tally) tally {
	return tally{t.requests - o.requests, t.points - o.points, t.writes - o.writes}
}

// The dimensions in which SCMs count.
func requestsOf(t tally) int64 { return int64(t.requests) }
func pointsOf(t tally) int64   { return int64(t.points) }
func writesOf(t tally) int64   { return int64(t.writes) }
