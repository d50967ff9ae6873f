package ledgertest

import (
	"context"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// SHA is the commit that objects are about.
const SHA = "0123456789abcdef0123456789abcdef01234567"

// Key is what CommitStatus claims.
var Key = ledger.Key{Kind: "github", Host: "github.com", Repository: "acme/shop", SHA: SHA, Name: "build"}

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
	return ledger.CompileScmProvider(providers.NewRegistry(Kind{}), &v1alpha1.ScmProvider{
		ObjectMeta: metav1.ObjectMeta{Name: "acme"},
		Spec:       v1alpha1.ScmProviderSpec{GitHub: &v1alpha1.GitHubSpec{AppID: 1}, Grants: grants},
	}, map[string][]byte{})
}

// AllowAll grants every cluster every repository.
func AllowAll() v1alpha1.Grant {
	return v1alpha1.Grant{Clusters: []v1alpha1.Pattern{"**"}, Repositories: []v1alpha1.Pattern{"**"}}
}

// Wants gives a CommitStatus a phase.
func Wants(phase v1alpha1.Phase) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = phase }
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

// Kind is a kind of SCM that opens an Account without a request.
type Kind struct{}

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
func (Kind) Open(*v1alpha1.ScmProvider, map[string][]byte) (providers.Account, error) {
	return Account{}, nil
}

// Account shows everything as it is wanted, and has no client.
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
