package ledger

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// Claim is what one CommitStatus wants shown at a key.
type Claim struct {
	Object     ObjectID
	UID        types.UID
	Generation int64
	// Made is the object's creationTimestamp, and CreatedAt the age that counts between
	// clusters: seniority of it.
	Made, CreatedAt time.Time

	Key Key
	// Repository is the path as the GitRepo spells it, or the repository's path of today if it
	// has moved and a grant covers that. Name is the status's name as the CommitStatus spells it.
	Repository, Name string
	// Provider is the name of the ScmProvider that the claim goes through.
	Provider string
	Want     providers.Status

	// RecordedOwner is the owner that the CommitStatus's status names, "" for none.
	RecordedOwner string
	// RecordedProvider is the ScmProvider that its status says the owner's claim goes
	// through, "" for none.
	RecordedProvider string
	// RecordedPhase is the phase that its status says is shown, "" for none.
	RecordedPhase v1alpha1.Phase
	// Together is how many claims its status has said are shown in one, at most,
	// since this process began to watch it; 0 where it never said so.
	Together int
}

// claimOf turns a CommitStatus of a cluster into a Claim. repo and scm are what
// its references lead to, nil where there is no such object; ScmProviders are in namespace home
// of the hub. It fails with an *providers.Error that says why nothing can be claimed.
func claimOf(id ObjectID, object *v1alpha1.CommitStatus, repo *v1alpha1.GitRepo, scm *ScmProvider, home string) (Claim, *providers.Error) {
	if err := checkSpec(object.Spec); err != nil {
		return Claim{}, err
	}
	if repo == nil {
		return Claim{}, providers.Errorf(v1alpha1.ReasonGitRepoNotFound,
			"GitRepo %q was not found in namespace %s of cluster %s", object.Spec.GitRepoRef.Name, id.Namespace, id.Cluster)
	}
	if err := checkPath(repo.Spec.Repository); err != nil {
		return Claim{}, err
	}
	if scm == nil {
		return Claim{}, providers.Errorf(v1alpha1.ReasonProviderNotFound,
			"ScmProvider %q was not found in namespace %s on the hub, which looks in no other; GitRepo %s names it",
			repo.Spec.ScmProviderRef.Name, home, repo.Name)
	}
	if scm.kind == nil {
		return Claim{}, scm.Problem
	}
	claim := Claim{
		Object:     id,
		UID:        object.UID,
		Generation: object.Generation,
		Made:       object.CreationTimestamp.Time,
		CreatedAt:  object.CreationTimestamp.Time,
		Key:        scm.keyOf(scm.host, repo.Spec.Repository, object.Spec.SHA, object.Spec.Name),
		Repository: repo.Spec.Repository,
		Name:       object.Spec.Name,
		Provider:   scm.name,
		Want:       wantOf(object.Spec),
	}
	claim = claim.follow(scm)
	if scm.tells(object.Status, claim.Key) {
		claim.record(object.Status)
		claim.Together = countIn(object.Status.Description)
	}
	if !scm.allows(claim) {
		return Claim{}, providers.Errorf(v1alpha1.ReasonDenied,
			"no grant of ScmProvider %s lets namespace %s of cluster %s write the status %q to %s",
			scm.name, id.Namespace, id.Cluster, claim.Name, claim.Repository)
	}
	return claim, nil
}

// follow returns the claim on the path that its repository has today, if a grant covers that.
// Otherwise it returns the claim as it is, and its key has a Problem.
func (c Claim) follow(s *ScmProvider) Claim {
	m, ok := s.today(c.Repository)
	if !ok {
		return c
	}
	there := c
	there.Key, there.Repository = s.keyToday(c.Key), m.To
	if s.allows(there) {
		return there
	}
	return c
}

// wantOf is what a spec wants shown.
func wantOf(spec v1alpha1.CommitStatusSpec) providers.Status {
	return providers.Status{Phase: spec.Phase.Canonical(), Description: spec.Description, URL: spec.URL}
}

// record takes in what a status says about the claim's own key.
func (c *Claim) record(st v1alpha1.CommitStatusStatus) {
	c.RecordedOwner, c.RecordedProvider, c.RecordedPhase = st.Owner, st.ScmProvider, st.Phase.Canonical()
}

// hintOf returns what a CommitStatus's status says that the SCM shows at a key, and
// nil when it says nothing about that key. A member's users can forge it, so nothing
// is written on its word alone. Where it says that the SCM shows a word of its own, the
// phase is empty.
func hintOf(object *v1alpha1.CommitStatus, key Key, s *ScmProvider) *providers.Shown {
	st := object.Status
	if st.Provider == nil || !st.Phase.Canonical().Known() && (st.Phase != "" || !saysDrifted(object)) {
		return nil
	}
	if !s.tells(st, key) {
		return nil
	}
	return &providers.Shown{
		Status: providers.Status{Phase: st.Phase.Canonical(), Description: st.Description, URL: st.URL},
		Handle: *Unsealed(st).Provider,
	}
}

// keyTold is the key that a status is about, the zero Key where that is another SCM's.
func (s *ScmProvider) keyTold(st v1alpha1.CommitStatusStatus) Key {
	repository, ok := strings.CutPrefix(st.Repo, s.host+"/")
	if !ok {
		return Key{}
	}
	return s.keyOf(s.host, repository, st.SHA, st.Name)
}

// tells reports whether a status is about a key, maybe by a former path of its repository.
func (s *ScmProvider) tells(st v1alpha1.CommitStatusStatus, key Key) bool {
	told := s.keyTold(st)
	return told == key || s.keyToday(told) == key
}
