package github

import (
	"context"
	"net/url"

	gh "github.com/google/go-github/v62/github"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// client speaks to one repository.
type client struct {
	dialect
	account      *account
	api          *gh.Client
	installation int64
	repository   string
	owner, name  string // of the repository, escaped
}

var _ providers.Client = (*client)(nil)

// Create makes a check run, in one request.
func (c *client) Create(ctx context.Context, at providers.Target, want providers.Status) (providers.Shown, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	want = c.Render(want)
	options, err := creation(at, want)
	if err != nil {
		return providers.Shown{}, err
	}
	ctx, attempt := c.begin(ctx, question{operation: opCreate, sha: at.SHA})
	run, _, err := c.api.Checks.CreateCheckRun(ctx, c.owner, c.name, options)
	return c.written(attempt, run, err, want)
}

// Update changes the check run that shown names, in one request.
func (c *client) Update(ctx context.Context, at providers.Target, shown providers.Shown, want providers.Status) (providers.Shown, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	want = c.Render(want)
	id := runID(shown)
	if id == 0 {
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonInvalid, "it is not known which check run to change")
	}
	options, err := change(at, want)
	if err != nil {
		return providers.Shown{}, err
	}
	ctx, attempt := c.begin(ctx, question{operation: opUpdate, sha: at.SHA, run: id})
	run, _, err := c.api.Checks.UpdateCheckRun(ctx, c.owner, c.name, id, options)
	return c.written(attempt, run, err, want)
}

// Find returns the newest check run of the target's name that this App made and
// that carries the target's external ID, in one request for each page.
func (c *client) Find(ctx context.Context, at providers.Target) (*providers.Shown, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	query := url.Values{"filter": {"all"}, "check_name": {at.Name}}
	var newest *gh.CheckRun
	_, err := c.scan(ctx, at.SHA, query, "", func(run *gh.CheckRun) {
		if marked(run, at) && run.GetID() > newest.GetID() {
			newest = run
		}
	})
	if err != nil {
		return nil, err
	}
	return found(newest), nil
}

func (c *client) begin(ctx context.Context, q question) (context.Context, *attempt) {
	q.repository, q.installation = c.repository, c.installation
	return c.account.begin(ctx, q)
}

// written reads the answer to a write.
func (c *client) written(at *attempt, run *gh.CheckRun, err error, want providers.Status) (providers.Shown, error) {
	if err == nil && (run.GetID() <= 0 || run.GetStatus() == "") {
		err = providers.ErrNotUnderstood
	}
	if err != nil {
		return providers.Shown{}, c.account.failed(at, err)
	}
	shown := shownBy(run)
	if want.URL == "" || run.GetDetailsURL() == want.URL {
		// A run without a URL of ours shows one that GitHub chose.
		shown.URL = want.URL
	}
	return shown, nil
}
