package github

import (
	"context"
	"net/http"
	"net/url"

	gh "github.com/google/go-github/v62/github"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// statusClient speaks to one repository as a user.
type statusClient struct {
	statusDialect
	account     *userAccount
	api         *gh.Client
	user        *user
	repository  string
	owner, name string // of the repository, escaped
}

var _ providers.Client = (*statusClient)(nil)

// Create adds a commit status, in one request.
func (c *statusClient) Create(ctx context.Context, at providers.Target, want providers.Status) (providers.Shown, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	state, ok := states[want.Phase.Canonical()]
	if !ok {
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonInvalid, "%q is not a phase", want.Phase)
	}
	name, err := contextOf(at.Name)
	if err != nil {
		return providers.Shown{}, err
	}
	ctx, attempt := c.begin(ctx, question{operation: opCreateStatus, sha: at.SHA, name: at.Name})
	var status commitStatus
	err = c.account.send(ctx, c.api, http.MethodPost, "repos/"+c.owner+"/"+c.name+"/statuses/"+url.PathEscape(at.SHA), &gh.RepoStatus{
		State:       gh.String(state),
		Context:     gh.String(name),
		Description: given(brief(want.Description)),
		TargetURL:   given(want.URL),
	}, &status)
	if err == nil && (status.ID <= 0 || status.State == "") {
		err = providers.ErrNotUnderstood
	}
	if err != nil {
		return providers.Shown{}, c.account.failed(attempt, err).Today(c.repository, func() (string, error) { return c.Path(ctx) })
	}
	shown := shownByStatus(status)
	if status.State == state {
		// GitHub has one word for several phases: this is the one that was asked for.
		shown.Phase = want.Phase.Canonical()
	}
	return shown, nil
}

// Update adds a commit status too, in one request: none can be changed.
func (c *statusClient) Update(ctx context.Context, at providers.Target, _ providers.Shown, want providers.Status) (providers.Shown, error) {
	return c.Create(ctx, at, want)
}

// Find returns the newest commit status of the target's name if this user made it:
// one that somebody else has superseded is not shown. It takes one request for each
// page until there is one of that name.
func (c *statusClient) Find(ctx context.Context, at providers.Target) (*providers.Shown, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	name, err := contextOf(at.Name)
	if err != nil {
		return nil, err
	}
	var newest commitStatus
	_, err = c.scan(ctx, at.SHA, "", func(status commitStatus) {
		if fold(status.Context) == fold(name) && status.ID > newest.ID {
			newest = status
		}
	}, func() bool { return newest.ID != 0 })
	if err != nil || newest.ID == 0 || !c.ours(newest) {
		return nil, err
	}
	shown := shownByStatus(newest)
	return &shown, nil
}

// ours reports whether this user made a status.
func (c *statusClient) ours(status commitStatus) bool {
	return status.Creator.ID == c.user.id
}

func (c *statusClient) begin(ctx context.Context, q question) (context.Context, *attempt) {
	q.repository, q.holder = c.repository, "user "+c.user.login
	return c.account.begin(ctx, q)
}

// shownByStatus is what a commit status shows.
func shownByStatus(status commitStatus) providers.Shown {
	return providers.Shown{
		Status: providers.Status{
			Phase:       readState(status.State),
			Description: status.Description,
			URL:         status.TargetURL,
		},
		Handle: v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{StatusID: status.ID}},
	}
}
