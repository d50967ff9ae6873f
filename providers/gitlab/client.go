package gitlab

import (
	"context"
	"net/http"
	"net/url"

	gl "gitlab.com/gitlab-org/api/client-go"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// client speaks to one project.
type client struct {
	dialect
	account    *account
	api        *gl.Client
	user       int64
	repository string
}

var _ providers.Client = (*client)(nil)

// Create makes a status, in one request. It names no pipeline, so that GitLab adds it to
// the commit's newest: a merge request shows that one alone.
func (c *client) Create(ctx context.Context, at providers.Target, want providers.Status) (providers.Shown, error) {
	return c.set(ctx, at, want, 0)
}

// Update changes the status that shown names, in one request. GitLab finds it by its
// name and pipeline.
func (c *client) Update(ctx context.Context, at providers.Target, shown providers.Shown, want providers.Status) (providers.Shown, error) {
	var pipeline int64
	if shown.Handle.GitLab != nil {
		pipeline = shown.Handle.GitLab.PipelineID
	}
	return c.set(ctx, at, want, pipeline)
}

// set makes or changes a status, in a pipeline, or in the newest for 0: to GitLab both are
// the same request.
func (c *client) set(ctx context.Context, at providers.Target, want providers.Status, pipeline int64) (providers.Shown, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	want = c.Render(want)
	if err := check(at, want); err != nil {
		return providers.Shown{}, err
	}
	ctx, attempt := c.begin(ctx, question{operation: opSet, sha: at.SHA, pipeline: pipeline})
	var status commitStatus
	_, err := c.send(ctx, http.MethodPost, "/statuses/"+url.PathEscape(at.SHA), options(at, want, pipeline), &status)
	if err == nil && (status.ID <= 0 || status.Status == "") {
		err = providers.ErrNotUnderstood
	}
	if err != nil {
		return providers.Shown{}, c.account.failed(attempt, err).Today(c.repository, func() (string, error) { return c.Path(ctx) })
	}
	return shownBy(status), nil
}

// options is the body of a request. want is rendered. What it leaves out stays as it
// is: to GitLab an empty text is none.
func options(at providers.Target, want providers.Status, pipeline int64) *gl.SetCommitStatusOptions {
	o := &gl.SetCommitStatusOptions{
		State:       states[want.Phase],
		Name:        gl.Ptr(at.Name),
		TargetURL:   given(want.URL),
		Description: given(want.Description),
	}
	if pipeline != 0 {
		o.PipelineID = gl.Ptr(pipeline)
	}
	return o
}

func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (c *client) begin(ctx context.Context, q question) (context.Context, *attempt) {
	q.repository = c.repository
	return c.account.begin(ctx, q)
}

func shownBy(status commitStatus) providers.Shown {
	return providers.Shown{
		Status: providers.Status{
			Phase:       read(status.Status),
			Description: status.Description,
			URL:         status.TargetURL,
		},
		Handle: v1alpha1.ProviderHandle{GitLab: &v1alpha1.GitLabHandle{StatusID: status.ID, PipelineID: status.PipelineID}},
	}
}
