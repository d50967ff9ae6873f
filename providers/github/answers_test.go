package github

import (
	"testing"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
)

func FuzzAnswers(f *testing.F) {
	providercontract.FuzzAnswers(f, func(a providercontract.Answer, write bool) (ratelimit.Feedback, error) {
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
