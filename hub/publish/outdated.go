package publish

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// probeEvery is the interval at which the hub sends one status in full to a member that loses
// fields, to find out whether its CRDs were updated.
const probeEvery = time.Minute

// outdated knows which fields of statuses one member loses because its CRDs are older than
// this hub. A status that lacks nothing else counts as published, but for one object of
// the member: the probe.
type outdated struct {
	clock clock.PassiveClock
	// report must not call the outdated.
	report func(field string)

	mu sync.Mutex
	// lost are the paths of the fields, by their dotted form.
	lost  map[string][]string
	probe ledger.ObjectID
	// due is when the probe is sent next.
	due time.Time
}

func newOutdated(clk clock.PassiveClock, report func(field string)) *outdated {
	return &outdated{clock: clk, report: report, lost: map[string][]string{}}
}

// hold reports whether a patch must wait since it would write nothing but lost fields. For
// the probe, until is when it is sent all the same.
func (o *outdated) hold(p ledger.Patch) (hold bool, until time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.lost) == 0 || !reflect.DeepEqual(o.keeps(ledger.Unsealed(p.Status)), o.keeps(ledger.Unsealed(p.Now))) {
		return false, time.Time{}
	}
	now := o.clock.Now()
	switch {
	case o.probe == ledger.ObjectID{}:
		o.probe, o.due = p.ID, now.Add(probeEvery)
	case o.probe != p.ID:
		return true, time.Time{}
	case !now.Before(o.due):
		o.due = now.Add(probeEvery)
		return false, time.Time{}
	}
	return true, o.due
}

// upToDate records that an object has nothing to publish, and reports whether another object
// must become the probe.
func (o *outdated) upToDate(id ledger.ObjectID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.probe != id {
		return false
	}
	o.probe = ledger.ObjectID{}
	return len(o.lost) > 0
}

// answered compares a response with what was sent, and reports whether the member keeps a field
// that it lost before: its CRDs were updated.
func (o *outdated) answered(sent, kept v1alpha1.CommitStatusStatus) (renewed bool) {
	o.mu.Lock() // also while it reports, so that two changes are reported in their order
	defer o.mu.Unlock()
	want := fieldsOf(sent)
	missing := missingFrom(fieldsOf(kept), want, nil)
	if len(missing) == 0 && len(o.lost) == 0 {
		return false
	}
	before := o.first()
	for field, path := range o.lost {
		if _, still := missing[field]; !still && has(want, path) {
			renewed = true
		}
	}
	if renewed {
		o.lost, o.probe = map[string][]string{}, ledger.ObjectID{}
	}
	maps.Copy(o.lost, missing)
	if now := o.first(); now != before {
		o.report(now)
	}
	return renewed
}

// changed reports whether the member keeps something else than was sent to it, apart from
// the fields that it loses.
func (o *outdated) changed(sent, kept v1alpha1.CommitStatusStatus) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !equality.Semantic.DeepEqual(sent, kept) && !reflect.DeepEqual(o.keeps(sent), o.keeps(kept))
}

// first is the lost field that comes first in the alphabet, "" for none. The lock is held.
func (o *outdated) first() string {
	if len(o.lost) == 0 {
		return ""
	}
	return "status." + slices.Min(slices.Collect(maps.Keys(o.lost)))
}

// keeps returns the fields of a status that the member keeps. The lock is held.
func (o *outdated) keeps(status v1alpha1.CommitStatusStatus) map[string]any {
	fields := fieldsOf(status)
	for _, path := range o.lost {
		remove(fields, path)
	}
	return fields
}

// fieldsOf is a status as JSON has it. It holds nothing that cannot be encoded.
func fieldsOf(st v1alpha1.CommitStatusStatus) map[string]any {
	var fields map[string]any
	if body, err := json.Marshal(st); err == nil {
		_ = json.Unmarshal(body, &fields)
	}
	return fields
}

// missingFrom returns the paths of the fields of want that got lacks. Fields inside lists
// do not count: a CRD of another version has the same conditions.
func missingFrom(got, want map[string]any, at []string) map[string][]string {
	out := map[string][]string{}
	for name, value := range want {
		path := append(slices.Clone(at), name)
		there, ok := got[name]
		if !ok {
			out[strings.Join(path, ".")] = path
			continue
		}
		if inner, ok := value.(map[string]any); ok {
			innerGot, _ := there.(map[string]any)
			maps.Copy(out, missingFrom(innerGot, inner, path))
		}
	}
	return out
}

func has(fields map[string]any, path []string) bool {
	value, ok := fields[path[0]]
	if !ok || len(path) == 1 {
		return ok
	}
	inner, _ := value.(map[string]any)
	return has(inner, path[1:])
}

// remove deletes a field, and the objects around it that hold nothing else.
func remove(fields map[string]any, path []string) {
	if len(path) == 1 {
		delete(fields, path[0])
		return
	}
	inner, ok := fields[path[0]].(map[string]any)
	if !ok {
		return
	}
	remove(inner, path[1:])
	if len(inner) == 0 {
		delete(fields, path[0])
	}
}
