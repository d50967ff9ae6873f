package hub

import (
	"encoding/json"
	"sync"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// outdated notes which members do not keep a field that was applied to them, since
// their CRDs are older than this hub, and has it told when that changes.
type outdated struct {
	// tell must not call the outdated.
	tell func(cluster, field string)

	mu sync.Mutex
	// lost is the field that each such member has lost.
	lost map[string][]string
}

func newOutdated(tell func(cluster, field string)) *outdated {
	return &outdated{tell: tell, lost: map[string][]string{}}
}

// applied compares what a member answered with what was sent to it. A member is current
// again once it has kept the field that it lost.
func (o *outdated) applied(cluster string, sent, kept v1alpha1.CommitStatusStatus) {
	if !o.any(cluster) && equality.Semantic.DeepEqual(sent, kept) {
		return
	}
	want, got := fieldsOf(sent), fieldsOf(kept)
	path := missing(want, got)
	// Held while it is told, so that two changes are told in their order.
	o.mu.Lock()
	defer o.mu.Unlock()
	before, was := o.lost[cluster]
	switch {
	case path == nil && (!was || !has(want, before)), path != nil && was:
		return
	case path == nil:
		delete(o.lost, cluster)
	default:
		o.lost[cluster] = path
	}
	o.tell(cluster, dotted(path))
}

func (o *outdated) any(cluster string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lost[cluster] != nil
}

// forget drops what is known of a member, which may come back with other CRDs.
func (o *outdated) forget(cluster string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.lost, cluster)
}

// fieldsOf is a status as a member has it. It holds nothing that cannot be encoded.
func fieldsOf(st v1alpha1.CommitStatusStatus) map[string]any {
	var fields map[string]any
	if body, err := json.Marshal(st); err == nil {
		_ = json.Unmarshal(body, &fields)
	}
	return fields
}

// missing is the way to the first field of want that got lacks, nil for none. Only
// fields of objects count: others may add to lists.
func missing(want, got map[string]any) []string {
	for name, value := range want {
		there, ok := got[name]
		if !ok {
			return []string{name}
		}
		inner, isObject := value.(map[string]any)
		innerGot, _ := there.(map[string]any)
		if !isObject {
			continue
		}
		if path := missing(inner, innerGot); path != nil {
			return append([]string{name}, path...)
		}
	}
	return nil
}

func has(fields map[string]any, path []string) bool {
	for i, name := range path {
		value, ok := fields[name]
		if !ok {
			return false
		}
		if fields, ok = value.(map[string]any); !ok && i < len(path)-1 {
			return false
		}
	}
	return true
}

func dotted(path []string) string {
	if path == nil {
		return ""
	}
	out := "status"
	for _, name := range path {
		out += "." + name
	}
	return out
}
