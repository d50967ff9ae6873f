package gitea

import (
	"context"
	"net/url"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// client speaks to one repository.
type client struct {
	dialect
	account    *account
	repository string
	// root is the repository's place in the API, escaped.
	root string
}

var _ providers.Client = (*client)(nil)

// status is a commit status as Gitea answers with it.
type status struct {
	ID          int64  `json:"id"`
	State       string `json:"status"`
	TargetURL   string `json:"target_url"`
	Description string `json:"description"`
	Context     string `json:"context"`
	Creator     struct {
		ID int64 `json:"id"`
	} `json:"creator"`
}

// creation is the body of the POST that makes a status.
type creation struct {
	State       string `json:"state"`
	TargetURL   string `json:"target_url,omitempty"`
	Description string `json:"description,omitempty"`
	Context     string `json:"context"`
}

// Create makes a commit status, in one request. What it returns has the phase that
// was asked for, where Gitea shows several alike.
func (c *client) Create(ctx context.Context, at providers.Target, want providers.Status) (providers.Shown, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	asked := want.Phase.Canonical()
	want = c.Render(want)
	body := creation{State: stateOf(asked), TargetURL: want.URL, Description: want.Description, Context: contextOf(at.Name)}
	if body.State == "" {
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonInvalid, "%q is not a phase", asked)
	}
	q := c.question(opCreate, at.SHA)
	var made status
	if err := c.account.post(ctx, q, c.statuses(at.SHA), body, &made); err != nil {
		return providers.Shown{}, providers.AsError(err).Today(c.repository, func() (string, error) { return c.Path(ctx) })
	}
	if made.ID <= 0 || made.State == "" {
		return providers.Shown{}, c.account.failed(q, true, providers.ErrNotUnderstood)
	}
	c.account.learn(made.Creator.ID)
	shown := shownBy(made)
	if made.State == body.State {
		shown.Phase = asked
	}
	return shown, nil
}

// Update makes a new status, as Create does: Gitea changes none.
func (c *client) Update(ctx context.Context, at providers.Target, _ providers.Shown, want providers.Status) (providers.Shown, error) {
	return c.Create(ctx, at, want)
}

// Path returns the full name that the repository has today, in one request.
func (c *client) Path(ctx context.Context) (string, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	q := c.question(opPath, "")
	var today struct {
		FullName string `json:"full_name"`
	}
	if _, err := c.account.get(ctx, q, c.root, &today); err != nil {
		return "", err
	}
	if strings.Count(today.FullName, "/") != 1 {
		return "", c.account.failed(q, true, providers.ErrNotUnderstood)
	}
	return today.FullName, nil
}

// question is what the client asks.
func (c *client) question(operation, sha string) question {
	return question{operation: operation, repository: c.repository, sha: sha}
}

// statuses is the place of a commit's statuses in the API.
func (c *client) statuses(sha string) string { return c.root + "/statuses/" + url.PathEscape(sha) }

// shownBy is what a status shows.
func shownBy(s status) providers.Shown {
	return providers.Shown{
		Status: providers.Status{Phase: phaseOf(s.State), Description: s.Description, URL: s.TargetURL},
		Handle: v1alpha1.ProviderHandle{Gitea: &v1alpha1.GiteaHandle{StatusID: s.ID}},
	}
}
