package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// failing is a fleet whose key, claimed by eu first and by us, has failed.
func failing(t *testing.T) *fleet {
	f := newFleet(t)
	f.hear("eu", testStatus(wants("success")))
	f.hear("us", testStatus(createdAt(2000), wants("failure")))
	f.Failed(testKey, f.job(), f.now.Now(), providers.Errorf(v1alpha1.ReasonRepoNotFound, "no such repository"))
	f.g.Expect(f.job().Wait).To(Equal(firstCheck))
	return f
}

func requested(at string) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) {
		cs.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: at}
	}
}

func TestNoteRequest_ResetsNoRetriesForWhoDoesNotOwnTheKey(t *testing.T) {
	f := failing(t)
	generation := func(cs *v1alpha1.CommitStatus) { cs.Generation++ }
	f.edit("us", createdAt(2000), wants("failure"), requested("now"))
	f.g.Expect(f.job().Wait).To(Equal(firstCheck), "a request")
	f.edit("us", createdAt(2000), wants("queued"), generation)
	f.g.Expect(f.job().Wait).To(Equal(firstCheck), "a change of the spec")
	f.edit("eu", wants("success"), requested("now"))
	f.g.Expect(f.job().Wait).To(BeZero(), "the owner's request")
}

func TestSetRepo_HasWhatFailedTriedAgainWhereTheOwnersGitRepoChanged(t *testing.T) {
	type edit = func(*v1alpha1.GitRepo)
	f := failing(t)
	set := func(cluster string, edits ...edit) time.Duration {
		repo := testRepo()
		for _, edit := range edits {
			edit(repo)
		}
		f.SetRepo(cluster, f.token[cluster], client.ObjectKeyFromObject(repo), repo)
		return f.job().Wait
	}
	changed := func(r *v1alpha1.GitRepo) { r.Generation = 2 }
	anew := func(r *v1alpha1.GitRepo) { r.UID = "another" }
	f.g.Expect(set("eu")).To(Equal(firstCheck), "as it was")
	f.g.Expect(set("eu", func(r *v1alpha1.GitRepo) { r.ResourceVersion = "2" })).To(Equal(firstCheck), "nothing of the spec")
	f.g.Expect(set("us", changed)).To(Equal(firstCheck), "another claimant's")
	f.g.Expect(set("us", anew)).To(Equal(firstCheck), "another claimant's")
	f.g.Expect(set("eu", changed)).To(BeZero())
	f = failing(t)
	f.g.Expect(set("eu", anew)).To(BeZero())
}

func TestNoteRequest_ResetsRetriesOnceAMinute(t *testing.T) {
	f := failing(t)
	fail := func() {
		f.Failed(testKey, f.job(), f.now.Now(), providers.Errorf(v1alpha1.ReasonRepoNotFound, "no such repository"))
	}
	f.edit("eu", wants("success"), requested("1"))
	f.g.Expect(f.job().Wait).To(BeZero())
	fail()
	f.now.Step(10 * time.Second)
	f.edit("eu", wants("success"), requested("2"))
	f.g.Expect(f.job().Wait).To(Equal(50 * time.Second))
	f.edit("eu", wants("success"), requested("2"), func(cs *v1alpha1.CommitStatus) { cs.Generation++ })
	f.g.Expect(f.job().Wait).To(BeZero(), "a change of the spec asks at once")
}
