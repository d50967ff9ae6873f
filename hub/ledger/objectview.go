package ledger

import (
	"cmp"
	"slices"
	"strings"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// ObjectView is one CommitStatus as a reader sees it: copies, which nothing changes afterwards.
type ObjectView struct {
	Object ObjectID
	// Repo is the SCM's host and the path of the repository as status.repo has it, "" where the
	// object's references do not say. SHA and Name are the spec's.
	Repo, SHA, Name string
	// Want is what the spec wants shown.
	Want providers.Status
	// CreatedAt is the age that counts between clusters.
	CreatedAt time.Time
	// Owner reports whether the claim owns its key. Only views of a commit say so.
	Owner bool
	// Ready, Reason and Message are of the Ready condition, and Since is its last transition. They
	// are "" while the hub has nothing to report.
	Ready           metav1.ConditionStatus
	Reason, Message string
	Since           time.Time
}

// objectView returns an object with what its status says.
func (l *Ledger) objectView(o *object) ObjectView {
	out := ObjectView{
		Object: o.id(), SHA: strings.ToLower(o.source.Spec.SHA), Name: o.source.Spec.Name,
		Want: wantOf(o.source.Spec), CreatedAt: o.source.CreationTimestamp.Time,
	}
	if m := l.members[o.cluster]; m != nil {
		out.CreatedAt = seniority(out.CreatedAt, m.joinedAt)
	}
	if key, ok := l.aboutKey(o); ok {
		out.Repo = key.Host + "/" + cmp.Or(o.spelled(), key.Repository)
	}
	out.report(o.statusNow())
	if o.problem != nil && !l.isCopy(o) {
		out.Ready, out.Reason, out.Message = metav1.ConditionFalse, o.problem.Reason, o.problem.Message
	}
	return out
}

// spelled returns the path of the repository as the object's claim, or its GitRepo, spells it.
func (o *object) spelled() string {
	if o.problem != nil && o.repo != nil && o.repo.GitRepo != nil {
		return o.repo.Spec.Repository
	}
	return o.repository
}

// report takes the Ready condition of a status.
func (v *ObjectView) report(status v1alpha1.CommitStatusStatus) {
	c := apimeta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	if c == nil {
		return
	}
	v.Ready, v.Reason, v.Message, v.Since = c.Status, c.Reason, c.Message, c.LastTransitionTime.Time
}

// mostMatches is how many matches a search collects: a page of them can be read, and more words
// narrow them down.
const mostMatches = 1000

// Search returns the CommitStatuses that contain each word of a query in their repository, SHA,
// name, cluster, namespace, object's name or reason, without regard to case, sorted by cluster,
// namespace and name. more reports whether there are more than were collected.
func (l *Ledger) Search(query string, page Page) (_ []ObjectView, total int, more bool) {
	words := strings.Fields(strings.ToLower(query))
	if len(words) == 0 {
		return nil, 0, false
	}
	found, more := l.matches(words)
	slices.SortFunc(found, compareIDs)
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []ObjectView
	for _, id := range part(found, page) {
		if o := l.objectAt(id); o != nil {
			out = append(out, l.objectView(o))
		}
	}
	return out, len(found), more
}

// matches collects the objects that contain each word.
func (l *Ledger) matches(words []string) (found []ObjectID, more bool) {
	l.eachObject(func(o *object) bool {
		if !l.contains(o, words) {
			return true
		}
		if len(found) == mostMatches {
			more = true
			return false
		}
		found = append(found, o.id())
		return true
	})
	return found, more
}

// contains reports whether an object contains each of some words, which are in lower case.
func (l *Ledger) contains(o *object, words []string) bool {
	return !slices.ContainsFunc(words, func(word string) bool {
		return !has(o.cluster, word) && !has(o.source.Namespace, word) && !has(o.source.Name, word) && !has(o.source.Spec.Name, word) &&
			!has(o.source.Spec.SHA, word) && !has(l.reasonOf(o), word) && !l.pathHas(o, word) &&
			(!strings.Contains(word, "/") || !has(o.id().String(), word))
	})
}

// has reports whether a text contains a word, which is in lower case.
func has(text, word string) bool {
	return len(text) >= len(word) && strings.Contains(strings.ToLower(text), word)
}

// pathHas reports whether the SCM's host and the path of an object's repository contain a word.
func (l *Ledger) pathHas(o *object, word string) bool {
	host, path := "", ""
	switch {
	case o.problem == nil && o.at != nil:
		host, path = o.at.on.at.Host, o.at.on.at.Repository
	case o.repo != nil && o.repo.GitRepo != nil:
		path = o.repo.Spec.Repository
		if s := l.scms[o.repo.Spec.ScmProviderRef.Name]; s != nil {
			host = s.host
		}
	}
	return has(host, word) || has(path, word) || strings.Contains(word, "/") && has(host+"/"+path, word)
}

// reasonOf returns the reason of an object's Ready condition, "" for none.
func (l *Ledger) reasonOf(o *object) string {
	if o.problem != nil {
		return o.problem.Reason
	}
	if c := apimeta.FindStatusCondition(o.statusNow().Conditions, v1alpha1.ConditionReady); c != nil {
		return c.Reason
	}
	return ""
}

// readyOf returns the status of an object's Ready condition, "" for none.
func (l *Ledger) readyOf(o *object) metav1.ConditionStatus {
	if o.problem != nil {
		return metav1.ConditionFalse
	}
	if c := apimeta.FindStatusCondition(o.statusNow().Conditions, v1alpha1.ConditionReady); c != nil {
		return c.Status
	}
	return ""
}

// eachObject calls visit with each object that counts for its member until it returns false. It
// takes the lock, and lets others have it again and again: objects may come and go meanwhile.
func (l *Ledger) eachObject(visit func(*object) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := 0
	for _, m := range l.members {
		for _, o := range m.objects {
			if seen++; seen%countStep == 0 {
				l.mu.Unlock()
				l.mu.Lock()
			}
			if !l.isCopy(o) && !visit(o) {
				return
			}
		}
	}
}
