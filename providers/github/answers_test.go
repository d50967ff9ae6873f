package github

import (
	"testing"

	"github.com/argoproj-labs/commit-status-hub/providers/contract"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

func FuzzAnswers(f *testing.F) {
	contract.FuzzAnswers(f, func(a contract.Answer, write bool) (ratelimit.Feedback, error) {
		q := question{operation: opList, repository: repository, sha: sha, host: "github.com", appID: 1, installation: 2}
		if write {
			q.operation = opCreate
		}
		feedback, err := classify(q, answer{a.Status, a.Header, a.Body}, a.At)
		if err == nil {
			return feedback, nil
		}
		return feedback, err
	})
}
