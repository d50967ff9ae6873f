package ledgertest

import (
	"context"
	"strings"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// SHA is the commit that objects are about.
const SHA = "0123456789abcdef0123456789abcdef01234567"

// OtherSHA is another commit.
const OtherSHA = "fedcba9876543210fedcba9876543210fedcba98"

var (
	// Key is what CommitStatus claims.
	Key = ledger.Key{Kind: "github", Host: "github.com", Repository: "acme/shop", SHA: SHA, Name: "build"}
	// OtherKey is what it claims on OtherSHA.
	OtherKey = ledger.Key{Kind: "github", Host: "github.com", Repository: "acme/shop", SHA: OtherSHA, Name: "build"}
	// shop is the name of GitRepo.
	shop = types.NamespacedName{Namespace: "team-a", Name: "shop"}
)

// ID names the CommitStatus in a cluster.
func ID(cluster string) ledger.ObjectID {
	return ledger.ObjectID{Cluster: cluster, Namespace: "team-a", Name: "build"}
}

// CommitStatus is one that is queued, with edits.
func CommitStatus(edit ...func(*v1alpha1.CommitStatus)) *v1alpha1.CommitStatus {
	cs := &v1alpha1.CommitStatus{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "team-a", Name: "build", UID: "uid-1", Generation: 1, ResourceVersion: "1",
			CreationTimestamp: metav1.NewTime(time.Unix(1000, 0)),
		},
		Spec: v1alpha1.CommitStatusSpec{
			GitRepoRef: v1alpha1.ObjectReference{Name: "shop"}, SHA: SHA, Name: "build", Phase: v1alpha1.PhaseQueued,
		},
	}
	for _, f := range edit {
		f(cs)
	}
	return cs
}

// GitRepo is the one that CommitStatus names.
func GitRepo() *v1alpha1.GitRepo {
	return &v1alpha1.GitRepo{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: "shop"},
		Spec:       v1alpha1.GitRepoSpec{ScmProviderRef: v1alpha1.ObjectReference{Name: "acme"}, Repository: "Acme/Shop"},
	}
}

// ScmProvider is "acme" with grants, opened.
func ScmProvider(grants ...v1alpha1.Grant) *ledger.ScmProvider {
	return Opened(Account{}, func(p *v1alpha1.ScmProvider) { p.Spec.Grants, p.Spec.Drift.Interval = grants, "" })
}

// Opened is "acme" with edits, opened with an account. It grants everything, and comparisons are
// off.
func Opened(account providers.Account, edit ...func(*v1alpha1.ScmProvider)) *ledger.ScmProvider {
	p := &v1alpha1.ScmProvider{
		ObjectMeta: metav1.ObjectMeta{Name: "acme"},
		Spec: v1alpha1.ScmProviderSpec{
			GitHub: &v1alpha1.GitHubSpec{AppID: 1}, Grants: []v1alpha1.Grant{AllowAll()}, Drift: v1alpha1.Drift{Interval: "0s"},
		},
	}
	for _, f := range edit {
		f(p)
	}
	return ledger.CompileScmProvider(providers.NewRegistry(Kind{Account: account}), p, map[string][]byte{})
}

// Granting replaces the grants of a ScmProvider.
func Granting(grants ...v1alpha1.Grant) func(*v1alpha1.ScmProvider) {
	return func(p *v1alpha1.ScmProvider) { p.Spec.Grants = grants }
}

// Aggregating has a ScmProvider show all claims in one.
func Aggregating(on bool) func(*v1alpha1.ScmProvider) {
	return func(p *v1alpha1.ScmProvider) {
		p.Spec.ConflictPolicy = ""
		if on {
			p.Spec.ConflictPolicy = v1alpha1.ConflictAggregate
		}
	}
}

// Comparing has statuses compared at an interval, and restored or not.
func Comparing(interval time.Duration, restore bool) func(*v1alpha1.ScmProvider) {
	return func(p *v1alpha1.ScmProvider) {
		p.Spec.Drift = v1alpha1.Drift{Interval: v1alpha1.Duration(interval.String())}
		if restore {
			p.Spec.Drift.Policy = v1alpha1.DriftRestore
		}
	}
}

// AllowAll grants every cluster every repository.
func AllowAll() v1alpha1.Grant {
	return v1alpha1.Grant{Clusters: []v1alpha1.Pattern{"**"}, Repositories: []v1alpha1.Pattern{"**"}}
}

// Grant grants a cluster a repository, with some names or all of them.
func Grant(cluster, repository v1alpha1.Pattern, names ...v1alpha1.Pattern) v1alpha1.Grant {
	return v1alpha1.Grant{Clusters: []v1alpha1.Pattern{cluster}, Repositories: []v1alpha1.Pattern{repository}, Names: names}
}

// Wants gives a CommitStatus a phase.
func Wants(phase v1alpha1.Phase) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = phase }
}

// Told gives a CommitStatus a status.
func Told(s v1alpha1.CommitStatusStatus) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.Status = s }
}

// On has a CommitStatus be about a commit.
func On(sha string) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.Spec.SHA = sha }
}

// Named gives an object and its status a name of their own.
func Named(name string) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) {
		cs.Name, cs.UID, cs.Spec.Name = name, types.UID(name+"-uid"), name
	}
}

// WithUID gives a CommitStatus a UID.
func WithUID(uid types.UID) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.UID = uid }
}

// Requested has somebody ask for a CommitStatus.
func Requested(at string) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) {
		cs.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: at}
	}
}

// CreatedAt gives a CommitStatus an age, in seconds since 1970.
func CreatedAt(seconds int64) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.CreationTimestamp = metav1.NewTime(time.Unix(seconds, 0)) }
}

// Shows is what an SCM shows of a phase.
func Shows(phase v1alpha1.Phase) *providers.Shown {
	return &providers.Shown{
		Status: providers.Status{Phase: phase},
		Handle: v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: 4711}},
	}
}

// ReadyOf returns the Ready condition of a status, a zero one for no status.
func ReadyOf(s *v1alpha1.CommitStatusStatus) metav1.Condition {
	if s == nil {
		return metav1.Condition{}
	}
	return *apimeta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
}

// StatusWith is the status of a CommitStatus of which the SCM shows a phase, by a check run.
func StatusWith(phase v1alpha1.Phase, checkRun int64) v1alpha1.CommitStatusStatus {
	return v1alpha1.CommitStatusStatus{
		ScmProvider: "acme", Repo: "github.com/acme/shop", SHA: SHA, Name: "build", Phase: phase,
		Provider: &v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: checkRun}},
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced, ObservedGeneration: 1,
		}},
	}
}

// Kind is a kind of SCM that opens an account without a request: its own, or else an Account.
type Kind struct{ Account providers.Account }

// Name implements providers.Kind.
func (Kind) Name() string { return "github" }

// Title implements providers.Kind.
func (Kind) Title() string { return "GitHub" }

// Host implements providers.Kind.
func (Kind) Host(v1alpha1.ScmProviderSpec) (string, error) { return "github.com", nil }

// Fold implements providers.Kind.
func (Kind) Fold(repository string) string { return strings.ToLower(repository) }

// FoldName implements providers.Kind.
func (Kind) FoldName(_ v1alpha1.ScmProviderSpec, name string) string { return name }

// Open implements providers.Kind.
func (k Kind) Open(*v1alpha1.ScmProvider, map[string][]byte) (providers.Account, error) {
	if k.Account == nil {
		return Account{}, nil
	}
	return k.Account, nil
}

// Account shows everything as it is wanted, reopens by a new status, and has no client.
type Account struct{}

// Render implements providers.Account.
func (Account) Render(want providers.Status) providers.Status { return want }

// Next implements providers.Account.
func (Account) Next(shown *providers.Shown, want providers.Status) providers.Step {
	switch {
	case shown == nil:
		return providers.StepCreate
	case shown.Status == want:
		return providers.StepNone
	case shown.Foreign, shown.Phase.Terminal() && !want.Phase.Terminal():
		return providers.StepCreate
	}
	return providers.StepUpdate
}

// Writer implements providers.Account.
func (Account) Writer() string { return "github.com/app/1" }

// Obstacle implements providers.Account.
func (Account) Obstacle(*providers.Shown, providers.Status) string { return "cannot" }

// Exclusion implements providers.Account.
func (Account) Exclusion(providers.Commit) string { return "" }

// Lane implements providers.Account.
func (Account) Lane(string) (string, bool) { return "lane", true }

// Client implements providers.Account.
func (Account) Client(context.Context, string) (providers.Client, error) {
	return nil, providers.Errorf(v1alpha1.ReasonUnavailable, "no client")
}

// Renew implements providers.Account.
func (Account) Renew(context.Context, string, *providers.Error) error { return nil }
