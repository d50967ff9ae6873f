package gitlab

import (
	"context"

	gl "gitlab.com/gitlab-org/api/client-go"
)

// commitStatus is what is used of a commit status in GitLab's answers.
type commitStatus struct {
	ID          int64  `json:"id"`
	SHA         string `json:"sha"`
	Status      string `json:"status"`
	Name        string `json:"name"`
	PipelineID  int64  `json:"pipeline_id"`
	Description string `json:"description"`
	TargetURL   string `json:"target_url"`
	Author      struct {
		ID int64 `json:"id"`
	} `json:"author"`
}

// send makes one request about the project. It is not one of the client's own calls, which
// decode all that an answer holds.
func (c *client) send(ctx context.Context, method, path string, body, into any) (*gl.Response, error) {
	req, err := c.api.NewRequest(method, "projects/"+gl.PathEscape(c.repository)+path, body, []gl.RequestOptionFunc{gl.WithContext(ctx)})
	if err != nil {
		return nil, err
	}
	return c.api.Do(req, into)
}
