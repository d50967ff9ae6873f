package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// Key is the unit of deduplication: one named status on one commit. Repository and
// Name are folded as the SCM folds them and SHA is lower case, so equal places have
// equal keys. SCMs of one host have different keys: Host has the path of their root, and Kind is
// the ScmProvider's.
type Key struct {
	Kind       string
	Host       string
	Repository string
	SHA        string
	Name       string
}

// String writes the key as host/repository@sha name.
func (k Key) String() string {
	return strings.TrimSpace(k.Host + "/" + k.Repository + "@" + k.SHA + " " + k.Name)
}

// ExternalID is the mark that the hub leaves in the SCM: 32 hexadecimal digits
// that only this key has, the same after any restart.
func (k Key) ExternalID() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{k.Host, k.Repository, k.SHA, k.Name}, "\x00")))
	return "commit-status-hub/" + hex.EncodeToString(sum[:16])
}

// ObjectID names an object in the fleet.
type ObjectID struct {
	Cluster   string
	Namespace string
	Name      string
}

// String writes the ID as cluster/namespace/name, as status.owner has it.
func (o ObjectID) String() string { return o.Cluster + "/" + o.Namespace + "/" + o.Name }

// KeysAndValues is the ID as a log line has it.
func (o ObjectID) KeysAndValues() []any {
	return []any{"cluster", o.Cluster, "namespace", o.Namespace, "name", o.Name}
}

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

// The limits of the CRD, checked again because a member's CRD may be older.
const (
	maxName        = 255
	maxDescription = 65535
	maxURL         = 2048
	maxPath        = 512
)

var (
	repoPath = regexp.MustCompile(`^[^/\s[:cntrl:]?#%\\]+(/[^/\s[:cntrl:]?#%\\]+)+$`)
	// alias matches what other names for a repository have: a UUID, a clone URL.
	alias = regexp.MustCompile(`[{}@:]|(?i:[.]git)/*$`)
	// dots climb out of a path.
	dots = regexp.MustCompile(`(^|/)[.][.]?(/|$)`)
)

// claimOf turns a CommitStatus of a cluster into a Claim. repo and scm are what
// its references lead to, nil where there is no such object. It fails with an
// *providers.Error that says why nothing can be claimed.
func claimOf(id ObjectID, object *v1alpha1.CommitStatus, repo *v1alpha1.GitRepo, scm *ScmProvider) (Claim, *providers.Error) {
	if err := checkSpec(object.Spec); err != nil {
		return Claim{}, err
	}
	if repo == nil {
		return Claim{}, providers.Errorf(v1alpha1.ReasonGitRepoNotFound,
			"GitRepo %s does not exist in namespace %s", object.Spec.GitRepoRef.Name, id.Namespace)
	}
	if err := checkPath(repo.Spec.Repository); err != nil {
		return Claim{}, err
	}
	if scm == nil {
		return Claim{}, providers.Errorf(v1alpha1.ReasonProviderNotFound,
			"ScmProvider %s, which GitRepo %s names, does not exist on the hub", repo.Spec.ScmProviderRef.Name, repo.Name)
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

func checkSpec(spec v1alpha1.CommitStatusSpec) *providers.Error {
	switch {
	case !isFullSHA(spec.SHA):
		return providers.Errorf(v1alpha1.ReasonInvalid, "sha must be the full hash of a commit: 40 or 64 hexadecimal digits")
	case spec.Name == "" || utf8.RuneCountInString(spec.Name) > maxName:
		return providers.Errorf(v1alpha1.ReasonInvalid, "name must have 1 to %d characters", maxName)
	case utf8.RuneCountInString(spec.Description) > maxDescription:
		return providers.Errorf(v1alpha1.ReasonInvalid, "description must have at most %d characters", maxDescription)
	case !spec.Phase.Canonical().Known():
		return providers.Errorf(v1alpha1.ReasonInvalid, "phase must be one of queued, in_progress, success, failure, canceled")
	case !isWebURL(spec.URL):
		return providers.Errorf(v1alpha1.ReasonInvalid, "url must be an absolute http or https URL of at most %d characters", maxURL)
	}
	return nil
}

// isFullSHA reports whether a text is the full hash of a commit, of SHA-1 or SHA-256.
func isFullSHA(text string) bool {
	if len(text) != 40 && len(text) != 64 {
		return false
	}
	_, err := hex.DecodeString(text)
	return err == nil
}

func checkPath(repository string) *providers.Error {
	if utf8.RuneCountInString(repository) > maxPath || !repoPath.MatchString(repository) || dots.MatchString(repository) {
		return providers.Errorf(v1alpha1.ReasonInvalid,
			"the GitRepo's repository must be the path of one, such as owner/name, of at most %d characters", maxPath)
	}
	if alias.MatchString(repository) {
		return providers.Errorf(v1alpha1.ReasonInvalid, "the GitRepo's repository must be the path that the repository has on the SCM's pages, "+
			"such as owner/name, not its clone URL or UUID: without { } @ : and without .git at the end")
	}
	return nil
}

func isWebURL(text string) bool {
	if text == "" {
		return true
	}
	u, err := url.Parse(text)
	return err == nil && len(text) <= maxURL && u.Hostname() != "" && (u.Scheme == "http" || u.Scheme == "https")
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
