package github

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	primary   = `{"message":"API rate limit exceeded for installation ID 678. If you reach out to GitHub Support for help, please include the request ID 0A1B:2C3D:4E5F and timestamp 2026-11-23 12:00:00 UTC.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api","status":"403"}`
	secondary = `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to GitHub Support for help, please include the request ID 0A1B:2C3D.","documentation_url":"https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`
	content   = `{"message":"You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry your request again later.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"}`
	integr    = `{"message":"Resource not accessible by integration","documentation_url":"https://docs.github.com/rest/checks/runs#create-a-check-run","status":"403"}`
	foreign   = "{\"message\":\"Invalid app_id `99` - check run can only be modified by the GitHub App that created it.\",\"documentation_url\":\"https://docs.github.com/rest\"}"
	noCommit  = `{"message":"No commit found for SHA: abc","documentation_url":"https://docs.github.com/rest/checks/runs#create-a-check-run"}`
	badURL    = `{"message":"Validation Failed","errors":[{"resource":"CheckRun","code":"custom","field":"details_url","message":"details_url must use http or https scheme"}]}`
	tooLong   = `{"message":"Invalid request.\n\nOnly 65535 characters are allowed; 70000 were supplied.","documentation_url":"https://docs.github.com/rest"}`
	texts     = `{"message":"Unprocessable Entity","errors":["name is too long"]}`
	badGate   = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>hush</body></html>"
	badJWT    = `{"message":"A JSON web token could not be decoded","documentation_url":"https://docs.github.com/rest"}`
	badCreds  = `{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest"}`
	notFound  = `{"message":"Not Found","documentation_url":"https://docs.github.com/rest"}`
	suspended = `{"message":"This installation has been suspended","documentation_url":"https://docs.github.com/rest/apps/apps"}`
	archived  = `{"message":"Repository was archived so is read-only.","documentation_url":"https://docs.github.com/rest"}`
	userToken = `{"message":"You must authenticate via a GitHub App.","documentation_url":"https://docs.github.com/rest"}`
)

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func budget(remaining int, reset time.Time) []string {
	return []string{"x-ratelimit-limit", "5000", "x-ratelimit-remaining", fmt.Sprint(remaining), "x-ratelimit-reset", fmt.Sprint(reset.Unix())}
}

func TestAnAnswerSaysWhatToDoAboutIt(t *testing.T) {
	later := noon.Add(40 * time.Minute)
	for name, tc := range map[string]struct {
		operation string
		status    int
		header    http.Header
		body      string
		reason    string
		message   string
		unknown   bool
		pause     time.Duration
	}{
		"primary limit, 403": {
			opCreate, 403, headers(budget(0, later)...), primary, v1alpha1.ReasonPending,
			"github.com limits the requests of installation 678 of GitHub App 12345", false, 40 * time.Minute,
		},
		"primary limit, 429": {
			opUpdate, 429, headers(budget(0, later)...), primary, v1alpha1.ReasonPending,
			"github.com limits the requests of installation 678 of GitHub App 12345", false, 40 * time.Minute,
		},
		"permission": {
			opCreate, 403, headers(budget(4000, later)...), integr, v1alpha1.ReasonCredentialsInvalid,
			"installation 678 of GitHub App 12345 lacks the permission checks:write in acme/shop", false, 0,
		},
		"permission to read": {
			opList, 403, nil, integr, v1alpha1.ReasonCredentialsInvalid,
			"installation 678 of GitHub App 12345 lacks the permission checks:read in acme/shop", false, 0,
		},
		"permission, with the last request of the hour": {
			opCreate, 403, headers(budget(0, later)...), integr,
			v1alpha1.ReasonCredentialsInvalid, "", false, 0,
		},
		"another App's run": {
			opUpdate, 403, nil, foreign, v1alpha1.ReasonCredentialsInvalid,
			"check run 4711 was made by another GitHub App: GitHub App 12345 cannot change it", false, 0,
		},
		"a user's token": {
			opCreate, 403, nil, userToken, v1alpha1.ReasonCredentialsInvalid,
			"GitHub denies it to installation 678 of GitHub App 12345 (You must authenticate via a GitHub App.)", false, 0,
		},
		"archived": {
			opCreate, 403, nil, archived, v1alpha1.ReasonInvalid,
			"repository acme/shop is archived, which makes it read-only", false, 0,
		},
		"HTML 403": {
			opCreate, 403, nil, badGate, v1alpha1.ReasonUnavailable,
			"github.com answered 403 Forbidden, which is not in the form of GitHub: a proxy may have answered", true, 0,
		},
		"HTML 404 to a look": {
			opFindInstallation, 404, nil, badGate, v1alpha1.ReasonUnavailable,
			"github.com answered 404 Not Found, which is not in the form of GitHub: a proxy may have answered", false, 0,
		},
		"text 401 to a token": {
			opCreateToken, 401, nil, "no entry", v1alpha1.ReasonUnavailable,
			"github.com answered 401 Unauthorized, which is not in the form of GitHub: a proxy may have answered", false, 0,
		},
		"JSON of something else": {
			opList, 404, nil, `{"error":"no route"}`, v1alpha1.ReasonUnavailable,
			"github.com answered 404 Not Found, which is not in the form of GitHub: a proxy may have answered", false, 0,
		},
		"revoked token": {
			opCreate, 401, nil, badCreds, v1alpha1.ReasonCredentialsInvalid,
			"GitHub refuses the token of installation 678 of GitHub App 12345 (Bad credentials)", false, 0,
		},
		"wrong key": {
			opCreateToken, 401, nil, badJWT, v1alpha1.ReasonCredentialsInvalid,
			"GitHub refuses the private key of GitHub App 12345 (A JSON web token could not be decoded)", false, 0,
		},
		"wrong app": {
			opFindInstallation, 404, nil, `{"message":"Integration not found"}`, v1alpha1.ReasonCredentialsInvalid,
			"github.com knows no GitHub App 12345: check spec.github.appID", false, 0,
		},
		"suspended": {
			opCreateToken, 403, nil, suspended, v1alpha1.ReasonCredentialsInvalid,
			"installation 678 of GitHub App 12345 is suspended", false, 0,
		},
		"removed": {
			opCreateToken, 404, nil, notFound, v1alpha1.ReasonCredentialsInvalid,
			"GitHub App 12345 has no installation 678: it was removed, or belongs to another App", false, 0,
		},
		"not installed": {
			opFindInstallation, 404, nil, notFound, v1alpha1.ReasonRepoNotFound,
			"repository acme/shop does not exist, or GitHub App 12345 is not installed on it", false, 0,
		},
		"no repository": {
			opCreate, 404, nil, notFound, v1alpha1.ReasonRepoNotFound,
			"repository acme/shop does not exist, or installation 678 of GitHub App 12345 has no access to it", false, 0,
		},
		"no run, which a look has to tell": {
			opUpdate, 404, nil, notFound, v1alpha1.ReasonRepoNotFound,
			"repository acme/shop or its check run 4711 does not exist, or installation 678 of GitHub App 12345 has no access", false, 0,
		},
		"no commit":      {opCreate, 422, nil, noCommit, v1alpha1.ReasonCommitNotFound, "repository acme/shop has no commit abc", false, 0},
		"no commit read": {opList, 422, nil, noCommit, v1alpha1.ReasonCommitNotFound, "repository acme/shop has no commit abc", false, 0},
		"a bad field": {
			opCreate, 422, nil, badURL, v1alpha1.ReasonInvalid,
			"GitHub refused it: Validation Failed; details_url: details_url must use http or https scheme", false, 0,
		},
		"too long": {
			opCreate, 422, nil, tooLong, v1alpha1.ReasonInvalid,
			"GitHub refused it: Invalid request. Only 65535 characters are allowed; 70000 were supplied.", false, 0,
		},
		"errors that are texts": {
			opCreate, 422, nil, texts, v1alpha1.ReasonInvalid,
			"GitHub refused it: Unprocessable Entity; name is too long", false, 0,
		},
		"nothing that prints": {opCreate, 422, nil, `{"message":"\u0000"}`, v1alpha1.ReasonInvalid, "GitHub refused it: 422 Unprocessable Entity", false, 0},
		"HTML 400":            {opCreate, 400, nil, badGate, v1alpha1.ReasonUnavailable, "github.com answered 400 Bad Request, which is not in the form of GitHub: a proxy may have answered", true, 0},
		"HTML 413":            {opCreate, 413, nil, badGate, v1alpha1.ReasonInvalid, "GitHub refused it: 413 Request Entity Too Large", false, 0},
		"HTML 502":            {opCreate, 502, nil, badGate, v1alpha1.ReasonUnavailable, "github.com answered 502 Bad Gateway", true, 0},
		"500 to a read":       {opList, 500, nil, "", v1alpha1.ReasonUnavailable, "github.com answered 500 Internal Server Error", false, 0},
		"500 to a token":      {opCreateToken, 500, nil, "", v1alpha1.ReasonUnavailable, "", false, 0},
		"503, with a hint":    {opUpdate, 503, headers("retry-after", "120"), "", v1alpha1.ReasonUnavailable, "github.com answered 503 Service Unavailable", true, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			q := question{operation: tc.operation, repository: "acme/shop", sha: "abc", host: "github.com", run: 4711, appID: 12345, installation: 678}
			feedback, failed := classify(q, answer{tc.status, tc.header, []byte(tc.body)}, noon)
			g.Expect(failed).To(HaveOccurred())
			g.Expect(failed.Reason).To(Equal(tc.reason))
			if tc.message != "" {
				g.Expect(failed.Message).To(Equal(tc.message))
			}
			g.Expect(failed.Unknown).To(Equal(tc.unknown))
			g.Expect(failed.Stale).To(Equal(strings.Contains(name, "run,") || strings.HasSuffix(name, "App's run")), "a look has to tell")
			refuses := failed.Reason == v1alpha1.ReasonCredentialsInvalid || failed.Reason == v1alpha1.ReasonRepoNotFound
			g.Expect(failed.Refused != providers.RefusedNothing).To(Equal(refuses && failed.Message != "check run 4711 was made by another GitHub App: GitHub App 12345 cannot change it"))
			g.Expect(failed.Message).NotTo(Or(ContainSubstring("0A1B"), ContainSubstring("2026"), ContainSubstring("hush"), ContainSubstring("<")))
			g.Expect(feedback.Limited).To(Equal(tc.reason == v1alpha1.ReasonPending))
			g.Expect(feedback.Secondary).To(BeFalse())
			g.Expect(feedback.Works).To(BeFalse())
			if tc.pause == 0 {
				g.Expect(feedback.PauseUntil).To(BeZero(), "nobody is to be paused")
			} else {
				g.Expect(feedback.PauseUntil.Sub(noon)).To(Equal(tc.pause))
			}
		})
	}
}

func TestEveryAnswerTellsTheBudget(t *testing.T) {
	g := NewWithT(t)
	reset := noon.Add(time.Hour)
	a := answer{status: 201, header: headers(budget(4999, reset)...)}
	feedback, failed := classify(question{operation: opCreate}, a, noon)
	if failed != nil {
		t.Fatal(failed)
	}
	g.Expect(*feedback.Limit).To(BeEquivalentTo(5000))
	g.Expect(*feedback.Remaining).To(BeEquivalentTo(4999))
	g.Expect(feedback.ResetAt.Equal(reset)).To(BeTrue())

	feedback, _ = classify(question{operation: opCreateToken}, a, noon)
	g.Expect(feedback.Remaining).To(BeNil(), "a token is counted for the App")

	feedback, _ = classify(question{operation: opCreate}, answer{status: 201}, noon)
	g.Expect(feedback.Limit).To(BeNil(), "without headers nothing is known")
	g.Expect(feedback.Remaining).To(BeNil())
	g.Expect(feedback.ResetAt).To(BeZero())
}

func TestALongRefusalStaysShort(t *testing.T) {
	g := NewWithT(t)
	body := `{"message":"` + strings.Repeat("very ", 1000) + `bad"}`
	_, err := classify(question{operation: opCreate}, answer{status: 422, body: []byte(body)}, noon)
	g.Expect(len([]rune(err.Message))).To(And(BeNumerically("<=", 300), BeNumerically(">", 290)))
}
