package ratelimit

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Retire removes the installations that no ScmProvider uses any more and that have nothing
// waiting or in flight: their metric series at once, and the installations once nothing that
// they spent counts any more. It has to be called several times a minute where requests are
// sent.
func (i *Installations) Retire() {
	i.mu.Lock()
	for id, in := range i.byID {
		if !i.inUse(id) && in.bucket.spent(i.clock.Now()) {
			in.transport.CloseIdleConnections()
			delete(i.byID, id)
		}
	}
	i.mu.Unlock()
	for _, vector := range []SeriesVector{requestsTotal, requestSeconds, waitSeconds} {
		RetireSeries(vector, "installation", i.InUse)
	}
}

// InUse reports whether an installation belongs to a ScmProvider, or has items waiting or in
// flight.
func (i *Installations) InUse(id string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.inUse(id)
}

// inUse reports whether InUse does. The caller holds the lock.
func (i *Installations) inUse(id string) bool {
	in := i.byID[id]
	return in != nil && (len(i.limits[id]) > 0 || in.bucket.busy())
}

// busy reports whether the bucket has items waiting or in flight.
func (b *Bucket) busy() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.watchers) > 0 || b.inFlight > 0 || b.unanswered > 0 || b.held > 0
}

// spent reports whether a new bucket would let the same requests through: no window contains a
// request any more, and no pause is left.
func (b *Bucket) spent(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.advance(now)
	last := later(b.lastUse, b.wanted)
	return (last.IsZero() || now.Sub(last) > remembered) && !b.pause.until.After(now)
}

// SeriesVector is a metric with labels, such as a prometheus.CounterVec.
type SeriesVector interface {
	prometheus.Collector
	DeletePartialMatch(labels prometheus.Labels) int
}

// RetireSeries deletes the series of a vector for whose label value known returns false.
func RetireSeries(vector SeriesVector, label string, known func(value string) bool) {
	registry := prometheus.NewRegistry()
	if registry.Register(vector) != nil {
		return // it has no description: there is nothing in it
	}
	families, err := registry.Gather()
	if err != nil {
		return
	}
	values := map[string]bool{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, pair := range metric.GetLabel() {
				if pair.GetName() == label {
					values[pair.GetValue()] = true
				}
			}
		}
	}
	for value := range values {
		if !known(value) {
			vector.DeletePartialMatch(prometheus.Labels{label: value})
		}
	}
}
