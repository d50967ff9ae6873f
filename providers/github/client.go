package github

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

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
	return c.write(ctx, attempt, http.MethodPost, "", options, want)
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
	return c.write(ctx, attempt, http.MethodPatch, "/"+strconv.FormatInt(id, 10), options, want)
}

// Find returns the newest check run of the target's name that this App made and
// that carries the target's external ID, in one request for each page.
func (c *client) Find(ctx context.Context, at providers.Target) (*providers.Shown, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	query := url.Values{"filter": {"all"}, "check_name": {at.Name}}
	var newest checkRun
	_, err := c.scan(ctx, at.SHA, query, "", func(run checkRun) {
		if marked(run, at) && run.ID > newest.ID {
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

// write makes the one request that makes or changes a check run, and reads its answer.
func (c *client) write(ctx context.Context, at *attempt, method, which string, options any, want providers.Status) (providers.Shown, error) {
	var run checkRun
	err := c.account.send(ctx, c.api, method, "repos/"+c.owner+"/"+c.name+"/check-runs"+which, options, &run)
	if err == nil && (run.ID <= 0 || run.Status == "") {
		err = providers.ErrNotUnderstood
	}
	if err != nil {
		return providers.Shown{}, c.account.failed(at, err).Today(c.repository, func() (string, error) { return c.Path(ctx) })
	}
	shown := shownBy(run)
	if want.URL == "" || run.DetailsURL == want.URL {
		// A run without a URL of ours shows one that GitHub chose.
		shown.URL = want.URL
	}
	return shown, nil
}
