package kubeconfigs

import (
	"errors"
	"fmt"
	"sync"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"
	"k8s.io/utils/clock"
)

const (
	// memberKey is the key that every log line about a member has.
	memberKey = "cluster"
	// memberLinesBurst is how many such lines there may be at once, and memberLinesRate how
	// many more in a second: at most 100 in any minute.
	memberLinesBurst = 50
	memberLinesRate  = rate.Limit(50. / 60)
)

// LimitLog returns a log in which the lines about one member, those with the key "cluster",
// are at most 100 a minute: what its users and its API server say is in them. Their texts are
// cut to printable lines of 300 characters. How many lines were left out is in the next.
func LimitLog(log logr.Logger, clk clock.PassiveClock) logr.Logger {
	if log.GetSink() == nil {
		return log
	}
	return log.WithSink(&memberSink{LogSink: log.GetSink(), members: &memberLines{clock: clk, of: map[string]*lines{}}})
}

// memberLines counts the lines about each member.
type memberLines struct {
	clock clock.PassiveClock
	mu    sync.Mutex
	of    map[string]*lines
}

type lines struct {
	limiter *rate.Limiter
	leftOut int
}

// take reports whether there may be another line about a member, and how many before it
// were left out.
func (m *memberLines) take(member string) (leftOut int, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.of[member]
	if l == nil {
		l = &lines{limiter: rate.NewLimiter(memberLinesRate, memberLinesBurst)}
		m.of[member] = l
	}
	if !l.limiter.AllowN(m.clock.Now(), 1) {
		l.leftOut++
		return 0, false
	}
	leftOut, l.leftOut = l.leftOut, 0
	return leftOut, true
}

// memberSink is a logr.LogSink. member is whom its lines are about, "" for nobody.
type memberSink struct {
	logr.LogSink
	members *memberLines
	member  string
}

// Info implements logr.LogSink.
func (s *memberSink) Info(level int, msg string, pairs ...any) {
	if pairs, ok := s.admit(pairs); ok {
		s.LogSink.Info(level, msg, pairs...)
	}
}

// Error implements logr.LogSink.
func (s *memberSink) Error(err error, msg string, pairs ...any) {
	about := s.about(pairs)
	pairs, ok := s.admit(pairs)
	if !ok {
		return
	}
	if about != "" && err != nil {
		err = errors.New(printable(err.Error()))
	}
	s.LogSink.Error(err, msg, pairs...)
}

// WithValues implements logr.LogSink.
func (s *memberSink) WithValues(pairs ...any) logr.LogSink {
	member := s.about(pairs)
	if member != "" {
		pairs = shown(pairs)
	}
	return &memberSink{LogSink: s.LogSink.WithValues(pairs...), members: s.members, member: member}
}

// WithName implements logr.LogSink.
func (s *memberSink) WithName(name string) logr.LogSink {
	return &memberSink{LogSink: s.LogSink.WithName(name), members: s.members, member: s.member}
}

// WithCallDepth implements logr.CallDepthLogSink. This sink is one call deeper itself.
func (s *memberSink) WithCallDepth(depth int) logr.LogSink {
	sink := s.LogSink
	if deeper, ok := sink.(logr.CallDepthLogSink); ok {
		sink = deeper.WithCallDepth(depth)
	}
	return &memberSink{LogSink: sink, members: s.members, member: s.member}
}

// admit reports whether a line may be written, and with what.
func (s *memberSink) admit(pairs []any) ([]any, bool) {
	member := s.about(pairs)
	if member == "" {
		return pairs, true
	}
	leftOut, ok := s.members.take(member)
	pairs = shown(pairs)
	if leftOut > 0 {
		pairs = append(pairs, "linesLeftOut", leftOut)
	}
	return pairs, ok
}

// about is the member that a line is about.
func (s *memberSink) about(pairs []any) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == memberKey {
			return fmt.Sprint(pairs[i+1])
		}
	}
	return s.member
}

// shown is what may be shown of values.
func shown(pairs []any) []any {
	out := make([]any, len(pairs))
	for i, value := range pairs {
		switch v := value.(type) {
		case string:
			out[i] = printable(v)
		case error:
			out[i] = printable(v.Error())
		default:
			out[i] = value
		}
	}
	return out
}
