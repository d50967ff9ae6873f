package gitlab

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// Bodies of GitLab, as it sends them.
const (
	retryLater   = "Retry later\n"
	ofEndpoint   = `{"message":{"error":"This endpoint has been requested too many times. Try again later."}}`
	another      = `{"message":"409 Conflict: Another update to this commit status is in progress"}`
	forbidden403 = `{"message":"403 Forbidden"}`
	transition   = `{"message":"Cannot transition status via :run from :running (Reason(s): Status cannot transition via \"run\")"}`
	noCommit     = `{"message":"404 Commit Not Found"}`
	badURL       = `{"message":{"target_url":["is blocked: Only allowed schemes are http, https"]}}`
	badGateway   = "<!DOCTYPE html>\n<html><head><title>GitLab is not responding (502)</title></head></html>"
)

var _ ratelimit.Classifier = Classify

func limits(limit, remaining string, reset time.Time, more ...string) http.Header {
	h := http.Header{}
	pairs := append([]string{
		"RateLimit-Name", "throttle_authenticated_api", "RateLimit-Limit", limit,
		"RateLimit-Remaining", remaining, "RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10),
	}, more...)
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestAnAnswerOfGitLabTellsWhomItPauses(t *testing.T) {
	soon, later := noon.Add(30*time.Second), noon.Add(40*time.Minute)
	for name, tc := range map[string]struct {
		status  int
		header  http.Header
		body    string
		limited bool
		pause   time.Duration // 0: none that GitLab asks for
	}{
		"429 with everything":            {429, limits("2000", "0", soon, "Retry-After", "30"), retryLater, true, 30 * time.Second},
		"429 by the hour":                {429, limits("120", "0", later, "Retry-After", "2400"), retryLater, true, 40 * time.Minute},
		"429 with the reset alone":       {429, limits("2000", "0", soon), retryLater, true, 30 * time.Second},
		"429 with retry-after alone":     {429, http.Header{"Retry-After": {"60"}}, retryLater, true, time.Minute},
		"429 without a header":           {429, nil, retryLater, true, 0},
		"429 of an endpoint":             {429, limits("2000", "1900", soon), ofEndpoint, true, 0},
		"429 without a body":             {429, nil, "", true, 0},
		"429, a page":                    {429, nil, badGateway, true, 0},
		"another update of that commit":  {409, limits("2000", "1900", soon), another, false, 0},
		"another update, with a time":    {409, http.Header{"Retry-After": {"10"}}, another, false, 0},
		"no permission":                  {403, limits("2000", "1900", soon), forbidden403, false, 0},
		"no permission, with a time":     {403, http.Header{"Retry-After": {"10"}}, forbidden403, false, 0},
		"no permission, last of a quota": {403, limits("2000", "0", soon), forbidden403, false, 0},
		"no such transition":             {400, nil, transition, false, 0},
		"a URL that is refused":          {400, nil, badURL, false, 0},
		"no commit":                      {404, nil, noCommit, false, 0},
		"written":                        {201, limits("2000", "1999", soon), "", false, 0},
		"written, last of a quota":       {201, limits("2000", "0", soon), "", false, 0},
		"a page, 502":                    {502, nil, badGateway, false, 0},
		"down for a while":               {503, http.Header{"Retry-After": {"120"}}, "", false, 2 * time.Minute},
		"internal error":                 {500, nil, `{"message":"500 Internal Server Error"}`, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			header := tc.header
			if header == nil {
				header = http.Header{}
			}
			f, err := Classify(nil, &http.Response{StatusCode: tc.status, Header: header}, []byte(tc.body), noon)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(f.Limited).To(Equal(tc.limited))
			g.Expect(f.Secondary || f.Free || f.Works).To(BeFalse())
			if tc.pause == 0 {
				g.Expect(f.PauseUntil).To(BeZero())
			} else {
				g.Expect(f.PauseUntil.Sub(noon)).To(Equal(tc.pause))
			}
			g.Expect(f.Remaining != nil).To(Equal(header.Get("RateLimit-Remaining") != ""), "headers are counted with every status")
		})
	}
}

func TestAQuotaOfGitLabIsTold(t *testing.T) {
	g := NewWithT(t)
	f, _ := Classify(nil, &http.Response{StatusCode: http.StatusCreated, Header: limits("2000", "1999", noon.Add(30*time.Second))}, nil, noon)
	g.Expect(*f.Limit).To(BeEquivalentTo(2000))
	g.Expect(*f.Remaining).To(BeEquivalentTo(1999))
	g.Expect(f.Window).To(Equal(time.Minute))
	g.Expect(f.ResetAt.Equal(noon.Add(30 * time.Second))).To(BeTrue())
}
