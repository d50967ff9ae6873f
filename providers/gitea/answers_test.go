package gitea

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
)

func FuzzAnswers(f *testing.F) {
	providercontract.FuzzAnswers(f, func(a providercontract.Answer, write bool) (ratelimit.Feedback, error) {
		q := question{operation: opList, repository: repository, sha: sha, host: "gitea.example.com"}
		if write {
			q.operation = opCreate
		}
		req := httptest.NewRequest(http.MethodGet, "https://gitea.example.com", nil)
		req = req.WithContext(context.WithValue(req.Context(), questionKey{}, q))
		return readAnswer(req, &http.Response{StatusCode: a.Status, Header: a.Header}, a.Body, a.At)
	})
}
