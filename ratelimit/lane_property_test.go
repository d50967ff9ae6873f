package ratelimit

import (
	"fmt"
	"slices"
	"strings"
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
	// passed is how often a cluster, or a namespace of one, had a turn since another one
	// waits for its own.
	passed map[[2]string]int
	// overtaken is that for clusters that wait for an exclusion.
	overtaken map[[3]string]int
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
	moved := old.Lane != r.Lane || old.Cluster != r.Cluster || old.Namespace != r.Namespace
	if class := max(old.class, classOf(r.Priority)); moved || class != old.class {
		old.class, old.joined = class, m.seq
	}
	old.Route = r
	m.forget("", "")
	m.forgetOvertaken("", "")
}

// sharersOf are those that take turns in the lane "turns", with whether each has anything
// but re-checks: the clusters, or the namespaces of one.
func (m *lanesModel) sharersOf(cluster string) map[string]bool {
	out := map[string]bool{}
	for _, o := range m.lined {
		name := o.Cluster
		if cluster != "" {
			name += "/" + o.Namespace
		}
		if o.Lane == "turns" && (cluster == "" || o.Cluster == cluster) {
			out[name] = out[name] || o.class > PriorityRecheck
		}
	}
	return out
}

// forget drops what is counted of those that wait no longer, or that had their turn.
func (m *lanesModel) forget(cluster, namespace string) {
	for k := range m.passed {
		who, _, isNamespace := strings.Cut(k[0], "/")
		in := ""
		if isNamespace {
			in = who
		}
		if _, waits := m.sharersOf(in)[k[0]]; !waits || k[0] == cluster || k[0] == cluster+"/"+namespace {
			delete(m.passed, k)
		}
	}
}

// forgetOvertaken is forget for those that wait for an exclusion.
func (m *lanesModel) forgetOvertaken(lane, cluster string) {
	for k := range m.overtaken {
		waits := false
		for _, o := range m.lined {
			waits = waits || o.Lane == "commits" && o.Cluster == k[0] && o.Exclusion == k[2]
		}
		if !waits || lane == "commits" && k[0] == cluster {
			delete(m.overtaken, k)
		}
	}
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
	m.overtake(w)
	if w.Exclusion != "" {
		return
	}
	for other, o := range m.lined {
		if !o.shares(w) || o.Exclusion != "" {
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

// shares tells whether two items wait in one namespace.
func (w *waiter) shares(o *waiter) bool {
	return o.Lane == w.Lane && o.Cluster == w.Cluster && o.Namespace == w.Namespace
}

// leads tells whether an item is the first of its class in its namespace.
func (m *lanesModel) leads(w *waiter) bool {
	for _, o := range m.lined {
		if o != w && o.shares(w) && o.class == w.class && o.precedes(w) {
			return false
		}
	}
	return true
}

// overtake checks that no cluster had two turns at an exclusion while another one, that had
// none in their lane, waited for it.
func (m *lanesModel) overtake(w *waiter) {
	m.forgetOvertaken(w.Lane, w.Cluster)
	if w.Lane != "commits" {
		return
	}
	waiting := map[string]bool{}
	for _, o := range m.lined {
		if o.Lane == "commits" && o.Exclusion == w.Exclusion && o.Cluster != w.Cluster {
			waiting[o.Cluster] = true
		}
	}
	for c := range waiting {
		k := [3]string{c, w.Cluster, w.Exclusion}
		if m.overtaken[k]++; m.overtaken[k] > 1 {
			m.Fatalf("%s had two turns at %s while %s waited", w.Cluster, w.Exclusion, c)
		}
	}
}

// turn checks that no cluster had two turns while another one waited for its own, and no
// namespace of one, and that no re-check left before a write that any of them had.
func (m *lanesModel) turn(w *waiter) {
	if w.Lane != "turns" {
		return
	}
	m.forget(w.Cluster, w.Namespace)
	m.turnAmong(w, w.Cluster, m.sharersOf(""))
	m.turnAmong(w, w.Cluster+"/"+w.Namespace, m.sharersOf(w.Cluster))
}

func (m *lanesModel) turnAmong(w *waiter, name string, sharers map[string]bool) {
	anyWrites, allOld := w.class > PriorityRecheck, true
	for s, writes := range sharers {
		anyWrites = anyWrites || writes
		allOld = allOld && (writes || m.allOld(s))
	}
	for s, writes := range sharers {
		if w.class == PriorityRecheck && writes && !m.old(w) {
			m.Fatalf("a re-check of %s left before a write of %s", name, s)
		}
		if anyWrites && !writes && !allOld {
			// Its re-checks let writes go first. What is old does not, once it is its turn
			// among the re-checks.
			continue
		}
		k := [2]string{s, name}
		if m.passed[k]++; s != name && m.passed[k] > 1 {
			m.Fatalf("%s had two turns while %s waited", name, s)
		}
	}
}

// old tells whether an item waits for nobody else's writes any more.
func (m *lanesModel) old(w *waiter) bool { return m.clock.Now().Sub(w.added) > ageStep }

// allOld tells that of all that a cluster, or a namespace of one, has in the lane "turns".
func (m *lanesModel) allOld(sharer string) bool {
	for _, o := range m.lined {
		if o.Lane == "turns" && (sharer == o.Cluster || sharer == o.Cluster+"/"+o.Namespace) && !m.old(o) {
			return false
		}
	}
	return true
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
			inWork: map[string]Route{}, again: map[string]time.Time{}, passed: map[[2]string]int{}, overtaken: map[[3]string]int{},
		}
		for lane, l := range map[string]Limits{"turns": {}, "mixed": {MaxInFlight: 3}, "slow": {WritesPerMinute: 5}, "commits": {}} {
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
					Lane:      rapid.SampledFrom([]string{"turns", "turns", "mixed", "slow", "commits"}).Draw(t, "lane"),
					Cluster:   rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "cluster"),
					Namespace: rapid.SampledFrom([]string{"n", "m"}).Draw(t, "namespace"),
					Priority:  rapid.IntRange(PriorityRecheck, PriorityTerminal).Draw(t, "priority"),
				}
				if r.Lane != "turns" {
					r.Exclusion = rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "exclusion")
				}
				if r.Lane == "commits" {
					r.Exclusion = rapid.SampledFrom([]string{"x", "y"}).Draw(t, "of commit")
					r.Priority = max(r.Priority, PriorityQueued)
				}
				if old := m.lined[name]; old != nil && rapid.Bool().Draw(t, "stays") {
					r.Lane, r.Cluster, r.Namespace, r.Exclusion = old.Lane, old.Cluster, old.Namespace, old.Exclusion
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
