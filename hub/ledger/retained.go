package ledger

import (
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Retained returns how many bytes of text the ledger keeps of a CommitStatus beside those of its
// newest version: what it claimed last, while it claims nothing, and what it claimed at places
// that are to be ended. They count against its member's limit.
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
	for _, d := range o.pendingAbandonments() {
		size += len(d.claim.Want.Description) + len(d.claim.Want.URL)
		if d.source != o.source && d.source != o.claimed {
			size += textBeside(d.source, &v1alpha1.CommitStatus{})
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
