package gitlab

import (
	"context"
	"net/http"
	"unicode/utf8"

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

// Create makes a status, in one request.
func (c *client) Create(ctx context.Context, at providers.Target, want providers.Status) (providers.Shown, error) {
	in, _ := c.account.pipelines.get(c.commit(at.SHA))
	return c.set(ctx, at, want, in)
}

// Update changes the status that shown names, in one request. GitLab finds it by its
// name and pipeline.
func (c *client) Update(ctx context.Context, at providers.Target, shown providers.Shown, want providers.Status) (providers.Shown, error) {
	in, _ := c.account.pipelines.get(c.commit(at.SHA))
	if shown.Handle.GitLab != nil && shown.Handle.GitLab.PipelineID != 0 && shown.Handle.GitLab.PipelineID != in.id {
		in = pipeline{id: shown.Handle.GitLab.PipelineID}
	}
	return c.set(ctx, at, want, in)
}

// set makes or changes a status: to GitLab both are the same request.
func (c *client) set(ctx context.Context, at providers.Target, want providers.Status, in pipeline) (providers.Shown, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	want = c.Render(want)
	if err := check(at, want); err != nil {
		return providers.Shown{}, err
	}
	ctx, attempt := c.begin(ctx, question{operation: opSet, sha: at.SHA, pipeline: in.id})
	status, _, err := c.api.Commits.SetCommitStatus(c.repository, at.SHA, options(at, want, in), gl.WithContext(ctx))
	if err == nil && (status == nil || status.ID <= 0 || status.Status == "") {
		err = providers.ErrNotUnderstood
	}
	if err != nil {
		if attempt.status == http.StatusNotFound {
			// The pipeline may be gone. The next look tells where ours are.
			c.account.pipelines.drop(c.commit(at.SHA))
		}
		return providers.Shown{}, c.account.failed(attempt, err)
	}
	c.remember(status)
	return shownBy(status), nil
}

// options is the body of a request. want is rendered. What it leaves out stays as it
// is: to GitLab an empty text is none.
func options(at providers.Target, want providers.Status, in pipeline) *gl.SetCommitStatusOptions {
	o := &gl.SetCommitStatusOptions{
		State:       states[want.Phase],
		Name:        gl.Ptr(at.Name),
		Ref:         given(in.ref),
		TargetURL:   given(want.URL),
		Description: given(want.Description),
	}
	if in.id != 0 {
		o.PipelineID = gl.Ptr(in.id)
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

func (c *client) commit(sha string) commit {
	return commit{host: c.account.host, repository: fold(c.repository), sha: sha}
}

// remember learns which pipeline statuses of a commit are in.
func (c *client) remember(status *gl.CommitStatus) {
	in := pipeline{id: status.PipelineID, ref: status.Ref}
	if utf8.RuneCountInString(in.ref) > maxField {
		in.ref = ""
	}
	if in.id > 0 {
		c.account.pipelines.put(c.commit(fold(status.SHA)), in)
	}
}

func shownBy(status *gl.CommitStatus) providers.Shown {
	return providers.Shown{
		Status: providers.Status{
			Phase:       read(status.Status),
			Description: status.Description,
			URL:         status.TargetURL,
		},
		Handle: v1alpha1.ProviderHandle{GitLab: &v1alpha1.GitLabHandle{StatusID: status.ID, PipelineID: status.PipelineID}},
	}
}
