package ledger

import (
	"context"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// fakeKind is a kind for tests of pure code: it opens nothing.
type fakeKind struct{}

func (fakeKind) Name() string                                  { return "github" }
func (fakeKind) Title() string                                 { return "GitHub" }
func (fakeKind) Host(v1alpha1.ScmProviderSpec) (string, error) { return "github.com", nil }
func (fakeKind) Fold(repository string) string                 { return strings.ToLower(repository) }

// FoldName folds names where the ScmProvider is a GitHub without an App.
func (fakeKind) FoldName(spec v1alpha1.ScmProviderSpec, name string) string {
	if spec.GitHub != nil && spec.GitHub.AppID == 0 {
		return strings.ToLower(name)
	}
	return name
}

func (fakeKind) Open(*v1alpha1.ScmProvider, map[string][]byte) (providers.Account, error) {
	return fakeDialect{}, nil
}

// fakeDialect shows everything as it is wanted, and reopens by a new status.
type fakeDialect struct{}

func (fakeDialect) Render(want providers.Status) providers.Status { return want }

func (fakeDialect) Next(shown *providers.Shown, want providers.Status) providers.Step {
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

func (fakeDialect) Writer() string { return "github.com/app/1" }

func (fakeDialect) Obstacle(*providers.Shown, providers.Status) string { return "cannot" }

func (fakeDialect) Exclusion(providers.Commit) string { return "" }

func (fakeDialect) Lane(string) (string, bool) { return "lane", true }

func (fakeDialect) Client(context.Context, string) (providers.Client, error) {
	return nil, providers.Errorf(v1alpha1.ReasonUnavailable, "no client")
}

func (fakeDialect) Renew(context.Context, string, *providers.Error) error { return nil }
