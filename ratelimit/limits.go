package ratelimit

import (
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Cost is the cost of one request to a bucket. The zero Cost is no request.
type Cost struct {
	// Points is the weight of the request where the SCM counts points.
	Points int
	// Write reports whether the request changes something.
	Write bool
}

// GitHub docs, "Rate limits for the REST API": a GET, HEAD or OPTIONS is 1 point,
// any other request 5. Other SCMs count no points.
var (
	ReadCost  = Cost{Points: 1}
	WriteCost = Cost{Points: 5, Write: true}
)

// Limits are the ceilings of one installation. Zero means that there is no such limit.
type Limits struct {
	// RequestsPerHour is the most requests in any hour.
	RequestsPerHour int64
	// RequestsPerMinute is the most requests in any minute.
	RequestsPerMinute int64
	// PointsPerMinute is the most points in any minute.
	PointsPerMinute int64
	// WritesPerMinute is the most writes in any minute.
	WritesPerMinute int64
	// WritesPerHour is the most writes in any hour.
	WritesPerHour int64
	// MaxInFlight is the most items that are in work at once.
	MaxInFlight int64

	// LearnsPerHour and LearnsPerMinute report whether the SCM's responses replace the limits
	// of requests an hour and a minute. Otherwise responses can only lower them.
	LearnsPerHour, LearnsPerMinute bool
}

// The limits' names, as in v1alpha1.RateLimit and in metrics.
const (
	requestsPerHour   = "requestsPerHour"
	requestsPerMinute = "requestsPerMinute"
	pointsPerMinute   = "pointsPerMinute"
	writesPerMinute   = "writesPerMinute"
	writesPerHour     = "writesPerHour"
)

// defaultInFlight limits the requests in flight of one installation, at every SCM: well below
// GitHub's 100 concurrent requests, and enough for 80 writes a minute.
const defaultInFlight = 10

// Defaults returns the limits of an SCM where nothing is configured. host is the host of its
// web pages, such as github.com.
func Defaults(host string) Limits {
	host, _, _ = strings.Cut(strings.ToLower(host), "/")
	l := Limits{MaxInFlight: defaultInFlight, LearnsPerHour: true, LearnsPerMinute: true}
	switch {
	case host == "github.com" || strings.HasSuffix(host, ".ghe.com"):
		// GitHub docs: 5000 requests an hour for an installation, 900 points a
		// minute, 80 requests a minute that create content. Whether check runs
		// count as content is not documented, so they do here.
		l.RequestsPerHour, l.PointsPerMinute, l.WritesPerMinute = 5000, 900, 80
	case host == "gitlab.com":
		// GitLab.com docs: 2000 requests a minute for an authenticated user.
		l.RequestsPerMinute = 2000
	case host == "bitbucket.org":
		// Atlassian docs: 1000 requests an hour, rolling.
		l.RequestsPerHour = 1000
	}
	return l
}

// With returns l with the limits that spec sets; zero removes a limit. A nil spec sets nothing.
func (l Limits) With(spec *v1alpha1.RateLimit) Limits {
	if spec == nil {
		return l
	}
	set := func(limit *int64, to *int64) {
		if to != nil {
			*limit = max(*to, 0)
		}
	}
	set(&l.RequestsPerHour, spec.RequestsPerHour)
	set(&l.RequestsPerMinute, spec.RequestsPerMinute)
	set(&l.PointsPerMinute, spec.PointsPerMinute)
	set(&l.WritesPerMinute, spec.WritesPerMinute)
	set(&l.WritesPerHour, spec.WritesPerHour)
	set(&l.MaxInFlight, spec.MaxInFlight)
	l.LearnsPerHour = l.LearnsPerHour && spec.RequestsPerHour == nil
	l.LearnsPerMinute = l.LearnsPerMinute && spec.RequestsPerMinute == nil
	return l
}

// learn returns l with the limit that the SCM reported.
func (l Limits) learn(s serverBudget) Limits {
	if s.limit <= 0 {
		return l
	}
	switch s.window {
	case time.Hour:
		l.RequestsPerHour = learned(l.RequestsPerHour, s.limit, l.LearnsPerHour)
	case time.Minute:
		l.RequestsPerMinute = learned(l.RequestsPerMinute, s.limit, l.LearnsPerMinute)
	}
	return l
}

func learned(own, said int64, learns bool) int64 {
	if learns {
		return said
	}
	if own == 0 {
		return 0
	}
	return min(own, said)
}

// Min returns the tighter of l and o in each limit.
func (l Limits) Min(o Limits) Limits {
	return Limits{
		RequestsPerHour:   tighter(l.RequestsPerHour, o.RequestsPerHour),
		RequestsPerMinute: tighter(l.RequestsPerMinute, o.RequestsPerMinute),
		PointsPerMinute:   tighter(l.PointsPerMinute, o.PointsPerMinute),
		WritesPerMinute:   tighter(l.WritesPerMinute, o.WritesPerMinute),
		WritesPerHour:     tighter(l.WritesPerHour, o.WritesPerHour),
		MaxInFlight:       tighter(l.MaxInFlight, o.MaxInFlight),
		LearnsPerHour:     l.LearnsPerHour && o.LearnsPerHour,
		LearnsPerMinute:   l.LearnsPerMinute && o.LearnsPerMinute,
	}
}

func tighter(a, b int64) int64 {
	if a <= 0 {
		return max(b, 0)
	}
	if b <= 0 {
		return a
	}
	return min(a, b)
}
