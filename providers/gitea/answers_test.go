package gitea

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/argoproj-labs/commit-status-hub/providers/contract"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

func FuzzAnswers(f *testing.F) {
	contract.FuzzAnswers(f, func(a contract.Answer, write bool) (ratelimit.Feedback, error) {
		q := question{operation: opList, repository: repository, sha: sha, host: "gitea.example.com"}
		if write {
			q.operation = opCreate
		}
		req := httptest.NewRequest(http.MethodGet, "https://gitea.example.com", nil)
		req = req.WithContext(context.WithValue(req.Context(), questionKey{}, q))
		return readAnswer(req, &http.Response{StatusCode: a.Status, Header: a.Header}, a.Body, a.At)
	})
}
