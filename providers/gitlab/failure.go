package gitlab

import (
	"errors"

	gl "gitlab.com/gitlab-org/api/client-go"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// failed turns what a request ended with into an *Error.
func (a *account) failed(at *attempt, err error) *providers.Error {
	var answered *gl.ErrorResponse
	switch {
	case at.err != nil:
		err = at.err
	case errors.Is(err, gl.ErrNotFound), errors.As(err, &answered):
		err = providers.ErrNotUnderstood
	}
	return providers.Failed(a.host, at.question.write() && at.left.Load(), err)
}
