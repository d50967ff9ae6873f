package github

import (
	"errors"

	gh "github.com/google/go-github/v62/github"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// failed turns what a request ended with into an *Error.
func (s *site) failed(at *attempt, err error) *providers.Error {
	var (
		answered *gh.ErrorResponse
		accepted *gh.AcceptedError
	)
	switch {
	case at.err != nil:
		err = at.err
	case errors.As(err, &answered), errors.As(err, &accepted):
		err = providers.ErrNotUnderstood
	}
	return providers.Failed(s.host, at.question.write() && at.left.Load(), err)
}
