package web

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

const (
	// hourStep and dayStep are the times between two samples, hourSpan and daySpan how long they are
	// kept.
	hourStep, hourSpan = 15 * time.Second, time.Hour
	dayStep, daySpan   = 5 * time.Minute, 24 * time.Hour
	// classes is the number of priorities, and mostLimits that of limits of an installation.
	classes    = 4
	mostLimits = 5
)

// history keeps how each installation was. Only the leader has something to keep.
type history struct {
	mu   sync.Mutex
	byID map[string]*track
}

// track is one installation's history.
type track struct {
	hour, day series
	// peak is the worst since the last sample of day.
	peak sample
}

// sample is how an installation was: used is the share of each limit in thousandths.
type sample struct {
	used            [mostLimits]uint16
	queued          [classes]uint32
	paused, reduced bool
}

// worst returns the worst of two samples in each respect.
func (s sample) worst(o sample) sample {
	for i := range s.used {
		s.used[i] = max(s.used[i], o.used[i])
	}
	for i := range s.queued {
		s.queued[i] = max(s.queued[i], o.queued[i])
	}
	s.paused, s.reduced = s.paused || o.paused, s.reduced || o.reduced
	return s
}

// series is a list of samples at equal steps. Most installations do the same for hours, nothing:
// samples that are equal take one entry.
type series struct {
	step, span time.Duration
	runs       []run
}

// run is a sample that was taken count times, step apart, from a time on.
type run struct {
	from  time.Time
	count int
	sample
}

func (r run) last(step time.Duration) time.Time { return r.from.Add(time.Duration(r.count-1) * step) }

// add appends a sample, and drops those that are older than the span.
func (s *series) add(at time.Time, what sample) {
	if n := len(s.runs); n > 0 && s.runs[n-1].sample == what && at.Sub(s.runs[n-1].last(s.step)) < 2*s.step {
		s.runs[n-1].count++
	} else {
		s.runs = append(s.runs, run{from: at, count: 1, sample: what})
	}
	for len(s.runs) > 0 {
		first := &s.runs[0]
		gone := min(int((at.Sub(first.from)-s.span)/s.step)+1, first.count)
		if at.Sub(first.from) < s.span || gone <= 0 {
			return
		}
		first.from, first.count = first.from.Add(time.Duration(gone)*s.step), first.count-gone
		if first.count > 0 {
			return
		}
		s.runs = s.runs[1:]
	}
}

// each calls visit with each sample, the oldest first.
func (s *series) each(visit func(at time.Time, what sample)) {
	for _, r := range s.runs {
		for i := range r.count {
			visit(r.from.Add(time.Duration(i)*s.step), r.sample)
		}
	}
}

func newHistory() *history { return &history{byID: map[string]*track{}} }

// record takes a sample of each installation in use, and forgets the others.
func (h *history) record(now time.Time, usages []ratelimit.Usage, waits map[string]ratelimit.Waits) {
	h.mu.Lock()
	defer h.mu.Unlock()
	used := map[string]bool{}
	for _, u := range usages {
		used[u.ID] = true
		t := h.byID[u.ID]
		if t == nil {
			t = &track{hour: series{step: hourStep, span: hourSpan}, day: series{step: dayStep, span: daySpan}}
			h.byID[u.ID] = t
		}
		t.add(now, sampleOf(u, waits[u.ID]))
	}
	maps.DeleteFunc(h.byID, func(id string, _ *track) bool { return !used[id] })
}

func (t *track) add(now time.Time, what sample) {
	t.hour.add(now, what)
	t.peak = t.peak.worst(what)
	if n := len(t.day.runs); n == 0 || now.Sub(t.day.runs[n-1].last(dayStep)) >= dayStep {
		t.day.add(now, t.peak)
		t.peak = sample{}
	}
}

func sampleOf(u ratelimit.Usage, w ratelimit.Waits) sample {
	var out sample
	for i, l := range u.Limits[:min(len(u.Limits), mostLimits)] {
		out.used[i] = uint16(1000 * min(l.Used, l.Limit) / max(l.Limit, 1))
	}
	for class, n := range w.Depth[:min(len(w.Depth), classes)] {
		out.queued[class] = uint32(n)
	}
	out.paused, out.reduced = !u.PausedUntil.IsZero() || u.Down, u.ReducedTo > 0
	return out
}

// of returns the samples of an installation with a number of limits.
func (h *history) of(id string, limits int) (hour, day []Sample) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.byID[id]
	if t == nil {
		return nil, nil
	}
	return t.hour.samples(limits), t.day.samples(limits)
}

func (s *series) samples(limits int) []Sample {
	var out []Sample
	s.each(func(at time.Time, what sample) {
		one := Sample{At: at.UTC().Truncate(time.Second), Paused: what.paused, Reduced: what.reduced, Used: []float64{}}
		for i := range min(limits, mostLimits) {
			one.Used = append(one.Used, float64(what.used[i])/1000)
		}
		for class := classes - 1; class >= 0; class-- {
			one.Queued = append(one.Queued, int(what.queued[class]))
		}
		out = append(out, one)
	})
	return out
}

// sampler records the history while this replica leads.
type sampler struct{ *reader }

// Start records until ctx ends.
func (s sampler) Start(ctx context.Context) error {
	ticker := s.Clock.NewTicker(hourStep)
	defer ticker.Stop()
	for {
		if leads, _ := s.Leader(); leads {
			s.history.record(s.Clock.Now(), s.Installations.Usages(), s.Waits())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C():
		}
	}
}
