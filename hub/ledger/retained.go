package ledger

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// placeSize is about how many bytes a place takes that is to be ended, beside texts.
const placeSize = 1 << 10

// Retained returns how many bytes of text the ledger keeps of a CommitStatus beside those of its
// newest version: what it claimed last, while it claims nothing, what it claimed at places that
// are to be ended, and what its key shows or failed to. They count against its member's limit.
func (l *Ledger) Retained(cluster string, object client.Object) int {
	if _, ok := object.(*v1alpha1.CommitStatus); !ok {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.members[cluster]
	if m == nil {
		return 0
	}
	o := m.objects[types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}]
	if o == nil {
		return 0
	}
	size := 0
	if o.claimed != nil && o.claimed != o.source {
		size += textBeside(o.claimed, o.source)
	}
	for d := range o.pendingAbandonments {
		size += placeSize + d.texts()
	}
	if e := l.entryOf(o.key()); e != nil {
		size += e.textBeside(o)
	}
	return size
}

// textBeside returns how many bytes of text an entry takes beside an object that claims it. What
// is shown counts for each claimant whose status does not have it yet. What was tried counts for
// its owner alone, or one cluster would be charged for the texts of another.
func (e *entry) textBeside(o *object) (size int) {
	var texts []providers.Status
	if e.Shown != nil {
		texts = append(texts, e.Shown.Status)
	}
	if e.more != nil {
		tried := []attempt{e.more.tried}
		if e.more.pending != nil {
			tried = append(tried, e.more.pending.attempt)
		}
		for _, a := range tried {
			if a.owner == o.id().String() {
				texts = append(texts, a.want)
			}
		}
	}
	theirs := []string{""}
	for _, v := range []*v1alpha1.CommitStatus{o.source, o.claimed} {
		if v != nil {
			theirs = append(theirs, v.Spec.Description, v.Status.Description, v.Spec.URL, v.Status.URL)
		}
	}
	for _, each := range texts {
		for _, text := range []string{each.Description, each.URL} {
			if !slices.Contains(theirs, text) {
				size += len(text)
			}
		}
	}
	return size
}

// textBeside returns how many bytes of text a version of an object takes beside another one.
// Equal texts are taken for shared, see shareClaimed.
func textBeside(cs, beside *v1alpha1.CommitStatus) (size int) {
	theirs := textsOf(beside)
	for i, text := range textsOf(cs) {
		if *text != *theirs[i] {
			size += len(*text)
		}
	}
	return size
}

// textsOf are the texts of an object that may be long, or are not shared by many.
func textsOf(cs *v1alpha1.CommitStatus) [11]*string {
	spec, status := &cs.Spec, &cs.Status
	return [...]*string{
		&cs.Name, &cs.ResourceVersion, &spec.SHA, &spec.Name, &spec.Description, &spec.URL,
		&status.SHA, &status.Name, &status.Description, &status.URL, &status.Owner,
	}
}

// shareClaimed has what an object claimed last share its texts with the newest version where
// they are equal: while a ScmProvider is missing, each object has a second version by its status.
func (o *object) shareClaimed() {
	if o.claimed == nil || o.claimed == o.source {
		return
	}
	shared := *o.claimed // others may read the version that was claimed
	theirs := textsOf(o.source)
	for i, text := range textsOf(&shared) {
		same(text, *theirs[i])
	}
	o.claimed = &shared
}
