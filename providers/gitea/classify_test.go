package gitea

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// Bodies of Gitea, as it sends them, and of proxies before it.
const (
	noCommit  = `{"message":"GetCommit[1f0c7d4b1e0f4c5a9d3b7e2a6c8f0d1e2b3a4c5d]: object does not exist [id: 1f0c7d4b1e0f4c5a9d3b7e2a6c8f0d1e2b3a4c5d, rel_path: ]","url":"https://gitea.example.com/api/swagger"}`
	kept      = `{"message":"","url":"https://gitea.example.com/api/swagger"}`
	database  = `{"message":"dial tcp 10.0.0.7:5432: connect: connection refused","url":"https://gitea.example.com/api/swagger"}`
	forbidden = `{"message":"user should have a permission to write to the repo","url":"https://gitea.example.com/api/swagger"}`
	notFound  = `{"errors":null,"message":"not found","url":"https://gitea.example.com/api/swagger"}`
	tooMany   = "<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n<body><center><h1>429 Too Many Requests</h1></center><hr><center>nginx</center></body>\r\n</html>"
	down      = "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head></html>"
)

var _ ratelimit.Classifier = Classify

func TestAnAnswerOfGiteaTellsWhomItPausesAndWhetherItWorks(t *testing.T) {
	write := httptest.NewRequest(http.MethodPost, "/api/v1/repos/acme/shop/statuses/1f0c7d4b1e0f4c5a9d3b7e2a6c8f0d1e2b3a4c5d", nil)
	list := httptest.NewRequest(http.MethodGet, "/api/v1/repos/acme/shop/statuses/1f0c7d4b1e0f4c5a9d3b7e2a6c8f0d1e2b3a4c5d", nil)
	user := httptest.NewRequest(http.MethodPost, "/api/v1/user/repos", nil)
	hour := http.Header{"Retry-After": {"3600"}}
	for name, tc := range map[string]struct {
		req     *http.Request
		status  int
		header  http.Header
		body    string
		limited bool
		works   bool
		pause   time.Duration // 0: none that is asked for
	}{
		"no commit":                     {write, 500, nil, noCommit, false, true, 0},
		"no commit, to a list":          {list, 500, nil, noCommit, false, true, 0},
		"no commit, in production":      {write, 500, nil, kept, false, true, 0},
		"a reason that is kept, a list": {list, 500, nil, kept, false, false, 0},
		"a reason that is kept, other":  {user, 500, nil, kept, false, false, 0},
		"no database":                   {write, 500, nil, database, false, false, 0},
		"a 500 that is not Gitea's":     {write, 500, nil, `{"message":""}`, false, false, 0},
		"JSON of another shape":         {write, 500, nil, `["object does not exist"]`, false, false, 0},
		"a 500 without a body":          {write, 500, nil, "", false, false, 0},
		"a page, 500":                   {write, 500, nil, down, false, false, 0},
		"the same words from a proxy":   {write, 502, nil, noCommit, false, false, 0},
		"a page, 503":                   {write, 503, nil, down, false, false, 0},
		"down for a while":              {write, 503, http.Header{"Retry-After": {"120"}}, down, false, false, 2 * time.Minute},
		"limited by a proxy":            {write, 429, nil, tooMany, true, false, 0},
		"limited for a time":            {write, 429, http.Header{"Retry-After": {"30"}}, tooMany, true, false, 30 * time.Second},
		"limited without a body":        {write, 429, nil, "", true, false, 0},
		"no permission":                 {write, 403, hour, forbidden, false, false, 0},
		"not found":                     {write, 404, hour, notFound, false, false, 0},
		"written":                       {write, 201, hour, "", false, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			header := tc.header
			if header == nil {
				header = http.Header{}
			}
			f, err := Classify(tc.req, &http.Response{StatusCode: tc.status, Header: header}, []byte(tc.body), noon)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(f.Limited).To(Equal(tc.limited))
			g.Expect(f.Works).To(Equal(tc.works))
			g.Expect(f.Secondary || f.Free).To(BeFalse())
			if tc.pause == 0 {
				g.Expect(f.PauseUntil).To(BeZero())
			} else {
				g.Expect(f.PauseUntil.Sub(noon)).To(Equal(tc.pause))
			}
		})
	}
}

func TestABudgetOfAProxyIsNotTakenForGiteas(t *testing.T) {
	header := http.Header{"X-Ratelimit-Limit": {"5"}, "X-Ratelimit-Remaining": {"0"}, "Ratelimit-Limit": {"5"}}
	f, _ := Classify(httptest.NewRequest(http.MethodGet, "/api/v1/version", nil), &http.Response{StatusCode: http.StatusOK, Header: header}, nil, noon)
	NewWithT(t).Expect(f).To(Equal(ratelimit.Feedback{}))
}
