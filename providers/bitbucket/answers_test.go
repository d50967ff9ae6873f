package bitbucket

import (
	"net/http"
	"testing"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
)

func FuzzAnswers(f *testing.F) {
	providercontract.FuzzAnswers(f, func(a providercontract.Answer, write bool) (ratelimit.Feedback, error) {
		s := []*service{cloud, center}[len(a.Body)%2]
		q := question{operation: opGet, repository: repository, sha: sha, host: "bitbucket.example.com"}
		if write {
			q.operation = opCreate
		}
		feedback, _ := Classify(nil, &http.Response{StatusCode: a.Status, Header: a.Header}, a.Body, a.At)
		if a.Status < http.StatusBadRequest {
			return feedback, nil
		}
		return feedback, (&account{dialect: dialect{s}}).refused(q, a.Status, parse(a.Body))
	})
}
