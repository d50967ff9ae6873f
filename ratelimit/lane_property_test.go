package ratelimit

import (
	"fmt"
	"slices"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"
)

// lanesModel is what a queue has to do, in the plainest way.
type lanesModel struct {
	*rapid.T
	*Queue[string]
	clock  *clocktesting.FakeClock
	all    *Installations
	routes map[string]Route

	seq    int
	lined  map[string]*waiter
	inWork map[string]Route
	again  map[string]time.Time
	// passed is how often a cluster had a turn since another one waits for its own.
	passed map[[2]string]int
}

// waiter is an item that waits.
type waiter struct {
	Route
	class uint8
	// joined is the order in which it came into its class.
	joined int
	added  time.Time
}

// precedes tells whether an item is before another one of its class.
func (w *waiter) precedes(o *waiter) bool {
	return w.added.Before(o.added) || w.added.Equal(o.added) && w.joined < o.joined
}

func (w *waiter) rank() time.Time {
	return w.added.Add(time.Duration(PriorityTerminal-w.class) * ageStep)
}

func (m *lanesModel) add(name string, r Route) {
	m.routes[name] = r
	m.Add(name)
	if _, busy := m.inWork[name]; busy {
		if m.again[name].IsZero() {
			m.again[name] = m.clock.Now()
		}
		return
	}
	m.wait(name, r, m.clock.Now())
}

func (m *lanesModel) wait(name string, r Route, added time.Time) {
	m.seq++
	old := m.lined[name]
	if old == nil {
		m.lined[name] = &waiter{Route: r, class: classOf(r.Priority), joined: m.seq, added: added}
		return
	}
	moved := old.Lane != r.Lane || old.Cluster != r.Cluster
	if class := max(old.class, classOf(r.Priority)); moved || class != old.class {
		old.class, old.joined = class, m.seq
	}
	old.Route = r
	m.forget("")
}

// forget drops what is counted of clusters that wait no longer, or that had their
// turn, and returns the others, with whether anything but re-checks waits there.
func (m *lanesModel) forget(served string) map[string]bool {
	clusters := map[string]bool{}
	for _, o := range m.lined {
		if o.Lane == "turns" {
			clusters[o.Cluster] = clusters[o.Cluster] || o.class > PriorityRecheck
		}
	}
	for k := range m.passed {
		if _, waits := clusters[k[0]]; !waits || k[0] == served {
			delete(m.passed, k)
		}
	}
	return clusters
}

// left checks that an item may leave now, and before all others.
func (m *lanesModel) left(name string) {
	w := m.lined[name]
	if w == nil {
		m.Fatalf("%s left and did not wait", name)
	}
	delete(m.lined, name)
	for other, r := range m.inWork {
		if r.Exclusion != "" && r.Exclusion == w.Exclusion {
			m.Fatalf("%s is in work with %s, which excludes it", name, other)
		}
	}
	m.inWork[name] = w.Route
	if w.Exclusion != "" {
		return
	}
	for other, o := range m.lined {
		if o.Lane != w.Lane || o.Cluster != w.Cluster || o.Exclusion != "" {
			continue
		}
		if o.class == w.class && o.precedes(w) {
			m.Fatalf("%s left before %s, which came first", name, other)
		}
		if o.class != w.class && m.leads(o) && o.rank().Before(w.rank()) {
			m.Fatalf("%s left before %s, whose class and age weigh more", name, other)
		}
	}
	m.turn(w)
}

// leads tells whether an item is the first of its class in its cluster.
func (m *lanesModel) leads(w *waiter) bool {
	for _, o := range m.lined {
		if o != w && o.Lane == w.Lane && o.Cluster == w.Cluster && o.class == w.class && o.precedes(w) {
			return false
		}
	}
	return true
}

// turn checks that no cluster had two turns while another one waited for its own,
// and that no re-check left before a write that any of them had.
func (m *lanesModel) turn(w *waiter) {
	if w.Lane != "turns" {
		return
	}
	clusters := m.forget(w.Cluster)
	anyWrites := w.class > PriorityRecheck
	for _, writes := range clusters {
		anyWrites = anyWrites || writes
	}
	for c, writes := range clusters {
		if w.class == PriorityRecheck && writes && !m.old(w) {
			m.Fatalf("a re-check of %s left before a write of %s", w.Cluster, c)
		}
		if anyWrites && !writes && !m.hasOld(c) {
			// Its re-checks let writes go first, and what is old does not wait for them.
			continue
		}
		k := [2]string{c, w.Cluster}
		if m.passed[k]++; c != w.Cluster && m.passed[k] > 1 {
			m.Fatalf("%s had two turns while %s waited", w.Cluster, c)
		}
	}
}

// old tells whether an item waits for no other cluster's writes any more.
func (m *lanesModel) old(w *waiter) bool { return m.clock.Now().Sub(w.added) > ageStep }

func (m *lanesModel) hasOld(cluster string) bool {
	for _, o := range m.lined {
		if o.Lane == "turns" && o.Cluster == cluster && m.old(o) {
			return true
		}
	}
	return false
}

func (m *lanesModel) get() (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	e, slot, ok := m.next(now)
	if !ok {
		return "", false
	}
	m.start(e, slot, now)
	return e.item, true
}

func (m *lanesModel) done(name string) {
	m.Done(name)
	delete(m.inWork, name)
	if added := m.again[name]; !added.IsZero() {
		delete(m.again, name)
		m.wait(name, m.routes[name], added)
	}
}

// finish works off all that waits, however long that takes.
func (m *lanesModel) finish() {
	for range 10_000 {
		for name := range m.inWork {
			m.done(name)
		}
		if name, ok := m.get(); ok {
			m.left(name)
			continue
		}
		if len(m.lined) == 0 && len(m.inWork) == 0 {
			break
		}
		m.clock.Step(time.Minute)
		m.due(m.clock.Now())
	}
	if len(m.lined) > 0 || m.Len() > 0 {
		m.Fatalf("%d items never left, %d are in the queue", len(m.lined), m.Len())
	}
}

func TestLanesKeepTheirOrderAndLoseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clk := newClock()
		m := &lanesModel{
			T: t, clock: clk, all: NewInstallations(clk), routes: map[string]Route{}, lined: map[string]*waiter{},
			inWork: map[string]Route{}, again: map[string]time.Time{}, passed: map[[2]string]int{},
		}
		for lane, l := range map[string]Limits{"turns": {}, "mixed": {MaxInFlight: 3}, "slow": {WritesPerMinute: 5}} {
			m.all.SetLimits(lane, "only", l)
		}
		m.Queue = NewQueue(QueueOptions[string]{
			Clock: clk, Installations: m.all, Route: func(name string) Route { return m.routes[name] },
		})
		defer m.ShutDown()
		names := rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("item %d", rapid.IntRange(0, 30).Draw(t, "n")) })
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				name := names.Draw(t, "name")
				r := Route{
					Lane:     rapid.SampledFrom([]string{"turns", "turns", "mixed", "slow"}).Draw(t, "lane"),
					Cluster:  rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "cluster"),
					Priority: rapid.IntRange(PriorityRecheck, PriorityTerminal).Draw(t, "priority"),
				}
				if r.Lane != "turns" {
					r.Exclusion = rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "exclusion")
				}
				if old := m.lined[name]; old != nil && rapid.Bool().Draw(t, "stays") {
					r.Lane, r.Cluster, r.Exclusion = old.Lane, old.Cluster, old.Exclusion
				}
				m.add(name, r)
			},
			"get": func(*rapid.T) {
				if name, ok := m.get(); ok {
					m.left(name)
				}
			},
			"done": func(t *rapid.T) {
				var busy []string
				for name := range m.inWork {
					busy = append(busy, name)
				}
				if len(busy) == 0 {
					t.Skip("nothing in work")
				}
				slices.Sort(busy)
				m.done(rapid.SampledFrom(busy).Draw(t, "which"))
			},
			"pause": func(t *rapid.T) {
				lane := rapid.SampledFrom([]string{"turns", "mixed", "slow"}).Draw(t, "lane")
				m.all.Get(lane).Bucket().Observe(clk.Now(), Feedback{PauseUntil: clk.Now().Add(time.Minute)})
			},
			"let time pass": func(t *rapid.T) {
				clk.Step(time.Duration(rapid.IntRange(1, 1500).Draw(t, "seconds")) * time.Second)
				m.due(clk.Now())
			},
		})
		m.finish()
	})
}
