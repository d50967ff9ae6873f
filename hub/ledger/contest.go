package ledger

import (
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

const (
	// The back-off of a status that others change, with nothing new to say.
	firstContest   = time.Second
	longestContest = 5 * time.Minute
	// newsGap is how long something new to say waits at most since the hub wrote last: two
	// writers whose texts change each time always have news.
	newsGap = 15 * time.Second
	// contestQuiet is after how long without a change by others a contest has ended.
	contestQuiet = 10 * time.Minute
)

// contest is about one status that others change, too: from their first change on until
// they have changed nothing for contestQuiet.
type contest struct {
	// said is the phase and the condition that the hub published last, words identify all that it
	// did, and generation is that of the spec when it was about to publish last.
	said       v1alpha1.CommitStatusStatus
	words      uint64
	generation int64
	// overwritten reports whether others changed the status since the hub wrote, and changedAt is
	// when they did so last.
	overwritten bool
	changedAt   time.Time
	// wroteAt is when the hub wrote last, or tried to, zero for not since it began, and
	// backoff how long it waits from then on; from when it began on, as long as it has not.
	began, wroteAt time.Time
	backoff        time.Duration
	writes         int
	told           bool
}

// notBefore is when a status may be published.
func (c *contest) notBefore(words uint64, generation int64) time.Time {
	news := words != c.words
	switch {
	case !c.overwritten, generation != c.generation, news && c.wroteAt.IsZero():
		return time.Time{}
	case c.wroteAt.IsZero():
		return c.began.Add(c.backoff)
	case news:
		return c.wroteAt.Add(min(c.backoff, newsGap))
	}
	return c.wroteAt.Add(c.backoff)
}

// publishing records that the hub is about to publish, and reports whether the event of a
// contest is due: once, when the hub has to write the same again, or overwrites others for the
// second time.
func (c *contest) publishing(words uint64, generation int64, now time.Time) (tell bool) {
	c.generation = generation
	if !c.overwritten {
		return false
	}
	c.writes++
	tell = !c.told && (words == c.words || c.writes > 1)
	c.told = c.told || tell
	c.wroteAt, c.backoff = now, min(2*c.backoff, longestContest)
	return tell
}

// ended reports whether others have changed nothing for long.
func (c *contest) ended(now time.Time) bool { return !now.Before(c.changedAt.Add(contestQuiet)) }

// contestOf is the contest about an object, nil for none.
func (l *Ledger) contestOf(o *object) *contest {
	m, name := l.members[o.cluster], types.NamespacedName{Namespace: o.source.Namespace, Name: o.source.Name}
	c := m.contests[name]
	if c != nil && c.ended(l.clock.Now()) {
		return nil
	}
	return c
}

// contested takes in that others changed the status of an object, of which the hub published
// said.
func (l *Ledger) contested(o *object, said v1alpha1.CommitStatusStatus) {
	now := l.clock.Now()
	c := l.contestOf(o)
	if c == nil {
		m := l.members[o.cluster]
		if m.contests == nil {
			m.contests = map[types.NamespacedName]*contest{}
		}
		c = &contest{said: inShort(said), words: o.statusHash(said), generation: said.ObservedGeneration, began: now, backoff: firstContest}
		m.contests[types.NamespacedName{Namespace: o.source.Namespace, Name: o.source.Name}] = c
	}
	c.overwritten, c.changedAt = true, now
}

// noteOthers finds out whether the next version of an object has a status that is not the
// hub's. Before this replica writes, none is its own.
func (l *Ledger) noteOthers(o *object, next *v1alpha1.CommitStatus) {
	if l.started.IsZero() || next.ResourceVersion == o.source.ResourceVersion {
		return
	}
	ours := o.statusNow()
	if o.applied != nil && precedes(next.ResourceVersion, o.applied.version) || equality.Semantic.DeepEqual(Unsealed(next.Status), Unsealed(ours)) {
		return
	}
	l.contested(o, ours)
}

// Publishing records that a patch is about to be made, and reports whether the event is due
// that others change the status too.
func (l *Ledger) Publishing(p Patch) (tell bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.objectAt(p.ID)
	if o == nil {
		return false
	}
	c := l.contestOf(o)
	return c != nil && c.publishing(o.statusHash(p.Status), o.source.Generation, l.clock.Now())
}

// ReviewContest drops the contest about an object if it has ended. Otherwise it returns when it ends
// if others leave the status alone, zero if there is none.
func (l *Ledger) ReviewContest(id ObjectID) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.objectAt(id)
	if o == nil {
		return time.Time{}
	}
	if c := l.contestOf(o); c != nil {
		return c.changedAt.Add(contestQuiet)
	}
	delete(l.members[o.cluster].contests, types.NamespacedName{Namespace: o.source.Namespace, Name: o.source.Name})
	return time.Time{}
}

// statusHash identifies what the hub says in a status of an object. Where it claims nothing, only
// the condition is the hub's own word: the rest stays as it was.
func (o *object) statusHash(st v1alpha1.CommitStatusStatus) uint64 {
	if o.problem != nil {
		st = v1alpha1.CommitStatusStatus{ObservedGeneration: st.ObservedGeneration, Conditions: st.Conditions}
	}
	return statusHash(st)
}
