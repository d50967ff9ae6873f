package chaos

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// Broken is a promise that was not kept, and how.
type Broken struct {
	Promise Promise
	Detail  string
}

// Promise is what holds whatever goes wrong.
type Promise string

// The promises.
const (
	Convergence Promise = "every claim is as it should be within 60 s of the last fault"
	NoLoss      Promise = "no update is lost"
	NoDuplicate Promise = "no check run is made twice"
	RightPlaces Promise = "nothing is written that was not asked for there"
	Limits      Promise = "no limit is exceeded"
	OneWriter   Promise = "no request starts without the lease"
	NoCrash     Promise = "no replica crashes"
	NoGrowth    Promise = "memory and goroutines are back"
)

// duplicates are the check runs, which have an external ID, that were made beside another
// one of the same ID, name and commit that could have been changed. A run that is completed is not reopened, so
// one that was asked to begin again is made anew. writes are in any order.
func duplicates(writes []Write) (broken []Broken, runs [][2]Write) {
	type key struct{ repository, sha, name, external string }
	last := map[key]Write{}
	for _, w := range slices.SortedFunc(slices.Values(writes), func(a, b Write) int { return a.Answered.Compare(b.Answered) }) {
		if !w.Took || w.ExternalID == "" {
			continue
		}
		k := key{w.Repository, w.SHA, w.Name, w.ExternalID}
		before, made := last[k]
		if w.Creates && made && (!before.Phase.Terminal() || w.Phase.Terminal()) {
			broken = append(broken, Broken{NoDuplicate, fmt.Sprintf("%s at %s: run %d (%s) was made beside run %d (%s)",
				w.Place, w.Answered.Format(clock), w.Run, w.Phase, before.Run, before.Phase)})
			runs = append(runs, [2]Write{before, w})
		}
		last[k] = w
	}
	return broken, runs
}

// ledTo are the calls about the commit of two runs, which led to them.
func ledTo(calls []wire.Call, runs [2]Write) string {
	var text strings.Builder
	for _, call := range calls {
		about := strings.Contains(call.Path, runs[1].SHA) || strings.Contains(string(call.RequestBody), runs[1].SHA) ||
			slices.ContainsFunc(runs[:], func(w Write) bool { return strings.HasSuffix(call.Path, fmt.Sprintf("/%d", w.Run)) })
		if about && strings.Contains(call.Path, runs[1].Repository) {
			fmt.Fprintf(&text, "\n  %s: %s", line(call), bytes.TrimSpace(call.RequestBody))
		}
	}
	return text.String()
}

// misplaced are the writes of what nobody asked for at their place.
func misplaced(writes []Write, asked *asked) (broken []Broken) {
	for _, w := range writes {
		if !asked.allows(w.Place, w.Content) {
			broken = append(broken, Broken{RightPlaces, fmt.Sprintf("%s at %s: %s %q %s", w.Place, w.At.Format(clock), w.Phase, w.Description, w.URL)})
		}
	}
	return broken
}

// earlier is how long before a request that was too much others may be that explain it.
const earlier = 3 * time.Second

// excessive are the calls that disregarded a limit or a pause, each with those of the same
// payer before it.
func excessive(scm string, calls []wire.Call) (broken []Broken) {
	for i, call := range calls {
		if call.Violation == "" {
			continue
		}
		var detail strings.Builder
		fmt.Fprintf(&detail, "%s: %s: %s", scm, call.Violation, line(call))
		for _, other := range calls[:i] {
			if other.Installation == call.Installation && other.User == call.User && call.At.Sub(other.At) < earlier {
				fmt.Fprintf(&detail, "\n  after %s", line(other))
			}
		}
		broken = append(broken, Broken{Limits, detail.String()})
	}
	return broken
}

// line tells of a call in short.
func line(c wire.Call) string {
	text := fmt.Sprintf("%s %s %s from %s", c.At.Format(clock), c.Method, c.Path, c.Peer)
	if !c.Answered.IsZero() {
		text += fmt.Sprintf(", %d after %s", c.Status, c.Answered.Sub(c.At).Round(time.Millisecond))
	}
	if after := c.ResponseHeader.Get("Retry-After"); after != "" {
		text += ", Retry-After " + after
	}
	return text
}

// Sent is a request that arrived at an SCM, and who sent it.
type Sent struct {
	At time.Time
	// Instance is the process, "" for one that was gone before it could be told.
	Instance string
	What     string
}

// Renewal is when an instance asked for the lease and got it.
type Renewal struct {
	Instance string
	At       time.Time
}

const (
	// renewDeadline is how long after its last renewal a replica may start requests.
	renewDeadline = 5 * time.Second
	// notice is how late the fake may see a request that started in time.
	notice = 500 * time.Millisecond
	// wakes is how long after it goes on a replica that was stopped may still send what
	// it had decided on before.
	wakes = 100 * time.Millisecond
)

// unled are the requests of instances that did not have the lease. woken are when instances
// went on that were stopped.
func unled(sent []Sent, renewals, woken []Renewal) (broken []Broken) {
	within := func(all []Renewal, s Sent, limit time.Duration) bool {
		return slices.ContainsFunc(all, func(r Renewal) bool {
			return r.Instance == s.Instance && !s.At.Before(r.At) && s.At.Sub(r.At) <= limit
		})
	}
	for _, s := range sent {
		if s.Instance == "" || within(renewals, s, renewDeadline+notice) || within(woken, s, wakes+notice) {
			continue
		}
		broken = append(broken, Broken{OneWriter, fmt.Sprintf("%s sent %s at %s, %s", s.Instance, s.What, s.At.Format(clock), lastRenewal(s, renewals))})
	}
	return broken
}

func lastRenewal(s Sent, renewals []Renewal) string {
	var last time.Time
	for _, r := range renewals {
		if r.Instance == s.Instance && r.At.After(last) && !r.At.After(s.At) {
			last = r.At
		}
	}
	if last.IsZero() {
		return "which never had the lease by then"
	}
	return fmt.Sprintf("%s after its last renewal", s.At.Sub(last).Round(time.Millisecond))
}

// Usage is what a replica takes.
type Usage struct {
	Goroutines, Heap, RSS float64
}

// grown says what has grown by more than a part of itself.
func grown(before, after Usage, part float64) (broken []Broken) {
	for _, u := range []struct {
		what          string
		before, after float64
	}{
		{"goroutines", before.Goroutines, after.Goroutines},
		{"bytes of heap in use", before.Heap, after.Heap},
		{"bytes of resident memory", before.RSS, after.RSS},
	} {
		if u.after > (1+part)*u.before {
			broken = append(broken, Broken{NoGrowth, fmt.Sprintf("%.0f %s, where there were %.0f", u.after, u.what, u.before)})
		}
	}
	return broken
}

// clock is how times are told: those of the hub's logs and of the calls compare.
const clock = "15:04:05.000"

// String tells a place in short.
func (p Place) String() string {
	return fmt.Sprintf("%s %s %s %s", p.Provider, p.Repository, p.SHA[max(0, len(p.SHA)-4):], p.Name)
}
