package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unique"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// maxOther bounds what has a limit of its own in Kubernetes, or in what the hub itself
// writes.
const maxOther = 1024

// othersCondition stands for the conditions that others added to a status.
const othersCondition = "Others"

// Keep trims an object as its member sent it: the seal in its status is checked before anything
// is removed, and not kept.
func (s *Seals) Keep(object client.Object) (size int) {
	if cs, ok := object.(*v1alpha1.CommitStatus); ok && cs.Status.Provider != nil && cs.Status.Provider.Seal != "" {
		mark := ""
		if s.Right(cs.UID, cs.Status) {
			mark = sealRight
		}
		cs.Status.Provider.Seal = mark
	}
	return Trim(object)
}

// Trim takes from an object what the hub never reads, and shortens what is longer than a
// CRD of this version lets it be: a member's may let in anything. It stays longer than is
// valid, so that it is refused all the same. It returns how many bytes of text are left.
func Trim(object client.Object) (size int) {
	object.SetManagedFields(nil)
	object.SetLabels(nil)
	object.SetOwnerReferences(nil)
	object.SetFinalizers(nil)
	object.SetGenerateName("")
	object.SetSelfLink("")
	requested, asked := object.GetAnnotations()[v1alpha1.AnnotationRequestedAt]
	object.SetAnnotations(nil)
	if asked {
		if len(requested) > maxOther {
			// What counts is whether it changes.
			sum := sha256.Sum256([]byte(requested))
			requested = hex.EncodeToString(sum[:])
		}
		object.SetAnnotations(map[string]string{v1alpha1.AnnotationRequestedAt: requested})
	}
	// What is longer than Kubernetes lets these be is no object to begin with.
	c := cutter{size: len(requested) + len(object.GetNamespace()) + len(object.GetName()) + len(object.GetUID()) + len(object.GetResourceVersion())}
	switch o := object.(type) {
	case *v1alpha1.CommitStatus:
		c.spec(&o.Spec)
		c.status(&o.Status)
		share(o)
	case *v1alpha1.GitRepo:
		cut(&c, &o.Spec.Repository, maxPath)
		cut(&c, &o.Spec.ScmProviderRef.Name, maxOther)
	}
	return c.size
}

// cutter shortens texts, and counts the bytes that are left.
type cutter struct{ size int }

// cut shortens a text to one character more than the limit. The rest is copied, or it
// would hold on to all of it.
func cut[T ~string](c *cutter, text *T, limit int) {
	if end := past(string(*text), limit+1); end < len(*text) {
		*text = T(strings.Clone(string((*text)[:end])))
	}
	c.size += len(*text)
}

// past is where a text is over after so many characters.
func past(text string, characters int) int {
	if len(text) <= characters {
		return len(text)
	}
	for at := range text {
		if characters == 0 {
			return at
		}
		characters--
	}
	return len(text)
}

func (c *cutter) spec(s *v1alpha1.CommitStatusSpec) {
	cut(c, &s.GitRepoRef.Name, maxOther)
	cut(c, &s.SHA, maxOther)
	cut(c, &s.Name, maxName)
	cut(c, &s.Description, maxDescription)
	cut(c, &s.Phase, maxOther)
	cut(c, &s.URL, maxURL)
}

// status keeps the one condition that is the hub's. Of all others together it keeps one
// without a content: that they are there, so that the hub removes them.
func (c *cutter) status(s *v1alpha1.CommitStatusStatus) {
	cut(c, &s.ScmProvider, maxOther)
	cut(c, &s.Repo, maxOther)
	cut(c, &s.SHA, maxOther)
	cut(c, &s.ShortSHA, maxOther)
	cut(c, &s.Name, maxName)
	cut(c, &s.Description, maxDescription)
	cut(c, &s.Phase, maxOther)
	cut(c, &s.URL, maxURL)
	cut(c, &s.Owner, maxOther)
	if s.SyncFailure != nil {
		cut(c, &s.SyncFailure.Message, maxOther)
	}
	if s.Provider != nil {
		cut(c, &s.Provider.Seal, maxOther)
		for _, handle := range []*v1alpha1.BitbucketHandle{s.Provider.BitbucketCloud, s.Provider.BitbucketDataCenter} {
			if handle != nil {
				cut(c, &handle.Key, maxOther)
			}
		}
	}
	ready := apimeta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
	total := len(s.Conditions)
	s.Conditions = nil
	if ready != nil {
		kept := *ready
		cut(c, &kept.Type, maxOther)
		cut(c, &kept.Status, maxOther)
		cut(c, &kept.Reason, maxOther)
		cut(c, &kept.Message, maxOther)
		s.Conditions = []metav1.Condition{kept}
	}
	if total > len(s.Conditions) {
		s.Conditions = append(s.Conditions, metav1.Condition{Type: othersCondition})
		c.size += len(othersCondition)
	}
}

// share has equal texts take memory once: what a status repeats of its spec, and what many
// objects have in common.
func share(o *v1alpha1.CommitStatus) {
	spec, status := &o.Spec, &o.Status
	same(&spec.Name, o.Name)
	same(&status.Name, spec.Name)
	same(&status.SHA, spec.SHA)
	if len(spec.SHA) >= ShortSHA {
		same(&status.ShortSHA, spec.SHA[:ShortSHA])
	}
	same(&status.Description, spec.Description)
	same(&status.URL, spec.URL)
	common := []*string{
		&o.Namespace, &spec.GitRepoRef.Name, (*string)(&spec.Phase), &status.ScmProvider, &status.Repo, (*string)(&status.Phase),
	}
	for i := range status.Conditions {
		c := &status.Conditions[i]
		common = append(common, &c.Type, (*string)(&c.Status), &c.Reason, &c.Message)
	}
	for _, text := range common {
		*text = unique.Make(*text).Value()
	}
}

// same has a text be another's bytes where the two are equal.
func same(text *string, as string) {
	if *text == as {
		*text = as
	}
}
