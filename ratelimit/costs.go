package ratelimit

// costs is a sum of costs of requests, in each dimension in which SCMs count.
type costs struct{ requests, points, writes int32 }

// costs returns the costs of one request; the zero Cost is no request.
func (c Cost) costs() costs {
	switch {
	case c == Cost{}:
		return costs{}
	case c.Write:
		return costs{requests: 1, points: int32(c.Points), writes: 1}
	}
	return costs{requests: 1, points: int32(c.Points)}
}

func (t costs) plus(o costs) costs {
	return costs{t.requests + o.requests, t.points + o.points, t.writes + o.writes}
}

func (t costs) minus(o costs) costs {
	return costs{t.requests - o.requests, t.points - o.points, t.writes - o.writes}
}

// The dimensions in which SCMs count: requests, points and writes.
func requestsOf(t costs) int64 { return int64(t.requests) }
func pointsOf(t costs) int64   { return int64(t.points) }
func writesOf(t costs) int64   { return int64(t.writes) }
