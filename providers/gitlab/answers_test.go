package gitlab

import (
	"net/http"
	"testing"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
)

func FuzzAnswers(f *testing.F) {
	providercontract.FuzzAnswers(f, func(a providercontract.Answer, write bool) (ratelimit.Feedback, error) {
		feedback, _ := Classify(nil, &http.Response{StatusCode: a.Status, Header: a.Header}, a.Body, a.At)
		q := question{operation: opList, repository: repository, sha: sha, host: "gitlab.com", who: "user bot"}
		if write {
			q.operation = opSet
		}
		if err := judge(q, a.Status, a.Body); err != nil {
			return feedback, err
		}
		return feedback, nil
	})
}
