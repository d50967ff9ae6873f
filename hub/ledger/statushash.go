package ledger

import (
	"hash/maphash"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// seed makes fingerprints that nobody outside can foresee.
var seed = maphash.MakeSeed()

// statusContent is all that a status says but its conditions, as one value that can be compared.
type statusContent struct {
	generation, updatedAt                                      int64
	synced                                                     bool
	failure                                                    v1alpha1.SyncFailure
	scmProvider, repo, sha, shortSHA, name, description, owner string
	phase                                                      v1alpha1.Phase
	url                                                        string
	github                                                     v1alpha1.GitHubHandle
	gitlab                                                     v1alpha1.GitLabHandle
	cloud, dataCenter                                          v1alpha1.BitbucketHandle
	gitea                                                      v1alpha1.GiteaHandle
	// has tells a field that is there from one that is not.
	has [8]bool
}

// statusHash identifies what a status says. When its conditions changed does not count, nor does
// its seal. It encodes nothing: each change of a contested status asks for it several times.
func statusHash(st v1alpha1.CommitStatusStatus) uint64 {
	handle := ptr.Deref(st.Provider, v1alpha1.ProviderHandle{})
	said := statusContent{
		generation: st.ObservedGeneration, synced: st.IsSynced, failure: ptr.Deref(st.SyncFailure, v1alpha1.SyncFailure{}),
		scmProvider: st.ScmProvider, repo: st.Repo, sha: st.SHA, shortSHA: st.ShortSHA, name: st.Name, description: st.Description, owner: st.Owner,
		phase: st.Phase, url: st.URL,
		github: ptr.Deref(handle.GitHub, v1alpha1.GitHubHandle{}), gitlab: ptr.Deref(handle.GitLab, v1alpha1.GitLabHandle{}),
		cloud: ptr.Deref(handle.BitbucketCloud, v1alpha1.BitbucketHandle{}), dataCenter: ptr.Deref(handle.BitbucketDataCenter, v1alpha1.BitbucketHandle{}),
		gitea: ptr.Deref(handle.Gitea, v1alpha1.GiteaHandle{}),
		has: [...]bool{
			st.UpdatedAt != nil, st.SyncFailure != nil, st.Provider != nil, handle.GitHub != nil, handle.GitLab != nil,
			handle.BitbucketCloud != nil, handle.BitbucketDataCenter != nil, handle.Gitea != nil,
		},
	}
	if st.UpdatedAt != nil {
		said.updatedAt = st.UpdatedAt.Unix()
	}
	var h maphash.Hash
	h.SetSeed(seed)
	maphash.WriteComparable(&h, said)
	for _, c := range st.Conditions {
		c.LastTransitionTime = metav1.Time{}
		maphash.WriteComparable(&h, c)
	}
	return h.Sum64()
}
