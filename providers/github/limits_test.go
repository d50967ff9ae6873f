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
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

const (
	// Texts of GitHub, documented or seen.
	primaryUser  = `{"message":"API rate limit exceeded for user ID 583231.","documentation_url":"https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"}`
	abuse        = `{"message":"You have triggered an abuse detection mechanism. Please wait a few minutes before you try again.","documentation_url":"https://developer.github.com/v3/#abuse-rate-limits"}`
	wordless     = `{"message":"","documentation_url":"https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`
	htmlSlowDown = "<html><body><h1>Whoa there!</h1><p>You have exceeded a secondary rate limit.</p></body></html>"
	allowList    = "{\"message\":\"Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.\"}"
	saml         = `{"message":"Resource protected by organization SAML enforcement. You must grant your OAuth token access to this organization.","documentation_url":"https://docs.github.com/articles/authenticating-to-a-github-organization-with-saml-single-sign-on/"}`

	htmlPage = "<!DOCTYPE html>\n<html><head><title>Unicorn!</title></head><body><p>hush</p></body></html>"
)

// cutOff is what is read of an answer that is too long: no more JSON.
func cutOff(body string) string {
	return strings.TrimSuffix(body, "}") + `,"padding":"` + strings.Repeat("x", 64<<10)[:64<<10-len(body)-11]
}

// told are the ways in which GitHub tells how long to wait, and does not.
var told = map[string]struct {
	header http.Header
	until  time.Duration // 0: it does not tell
	left   int           // -1: it does not tell
}{
	"no headers":                   {nil, 0, -1},
	"spent":                        {headers(budget(0, noon.Add(40*time.Minute))...), 40 * time.Minute, 0},
	"spent, reset is over":         {headers(budget(0, noon.Add(-time.Second))...), 0, 0},
	"spent, reset is absurd":       {headers(budget(0, noon.Add(1000*time.Hour))...), 0, 0},
	"much left":                    {headers(budget(4000, noon.Add(40*time.Minute))...), 0, 4000},
	"retry-after":                  {headers("retry-after", "30"), 30 * time.Second, -1},
	"retry-after, a date":          {headers("retry-after", noon.Add(90*time.Second).Format(http.TimeFormat)), 90 * time.Second, -1},
	"retry-after, at once":         {headers("retry-after", "0"), time.Second, -1},
	"retry-after, much left":       {headers(append(budget(4000, noon.Add(40*time.Minute)), "retry-after", "30")...), 30 * time.Second, 4000},
	"retry-after before the reset": {headers(append(budget(0, noon.Add(40*time.Minute)), "retry-after", "30")...), 30 * time.Second, 0},
	"retry-after is garbage":       {headers("retry-after", "soon"), 0, -1},
}

func heard(operation string, status int, header http.Header, body string) (ratelimit.Feedback, *providers.Error) {
	q := question{operation: operation, repository: "acme/shop", sha: "abc", host: "github.com", run: 4711, appID: 12345, installation: 678}
	return classify(q, answer{status, header, []byte(body)}, noon)
}

func expectUntil(g *WithT, f ratelimit.Feedback, want time.Duration) {
	if want == 0 {
		g.Expect(f.PauseUntil).To(BeZero(), "the bucket decides, or nobody is paused")
		return
	}
	g.Expect(f.PauseUntil.Sub(noon)).To(Equal(want))
}

func TestALimitIsKnownByItsWords(t *testing.T) {
	for name, tc := range map[string]struct {
		body      string
		secondary bool
	}{
		"primary":           {primary, false},
		"a user's primary":  {primaryUser, false},
		"primary, cut off":  {cutOff(primary), false},
		"secondary":         {secondary, true},
		"secondary, a page": {htmlSlowDown, true},
		"secondary, no JSON": {
			"You have exceeded a secondary rate limit. Please wait a few minutes before you try again.", true,
		},
		"secondary, cut off":   {cutOff(secondary), true},
		"content creation":     {content, true},
		"abuse detection":      {abuse, true},
		"known by its address": {wordless, true},
	} {
		for headers, how := range told {
			for _, status := range []int{403, 429} {
				t.Run(fmt.Sprintf("%s, %s, %d", name, headers, status), func(t *testing.T) {
					g := NewWithT(t)
					f, failed := heard(opCreate, status, how.header, tc.body)
					g.Expect(f.Limited).To(BeTrue())
					g.Expect(f.Secondary).To(Equal(tc.secondary))
					expectUntil(g, f, how.until)
					g.Expect(f.Remaining != nil).To(Equal(how.left >= 0), "headers are counted")
					g.Expect(failed).To(HaveOccurred())
					g.Expect(failed.Reason).To(Equal(v1alpha1.ReasonPending))
					g.Expect(failed.Message).To(Equal("github.com limits the requests of installation 678 of GitHub App 12345"),
						"the same words, whatever GitHub said and for how long")
					g.Expect(failed.Unknown).To(BeFalse())
				})
			}
		}
	}
}

func TestWithoutWordsTheStatusAndTheHeadersTellALimit(t *testing.T) {
	for name, body := range map[string]string{
		"HTML":                  htmlPage,
		"empty":                 "",
		"plain text":            "Retry later\n",
		"null":                  "null",
		"a list":                `["no"]`,
		"other JSON":            `{"error":{"code":1}}`,
		"a message of no text":  `{"message":{"text":["no"]},"documentation_url":7}`,
		"a page that is cut":    strings.Repeat("<p>hush</p>", 64<<10/11),
		"broken JSON and bytes": "{\"message\":\"\xff\x00",
	} {
		for headers, how := range told {
			t.Run(name+", "+headers, func(t *testing.T) {
				g := NewWithT(t)
				f, failed := heard(opCreate, 429, how.header, body)
				g.Expect(f.Limited).To(BeTrue())
				g.Expect(f.Secondary).To(Equal(how.left > 0), "the budget is not what was spent")
				expectUntil(g, f, how.until)
				g.Expect(failed.Reason).To(Equal(v1alpha1.ReasonPending))

				f, failed = heard(opCreate, 403, how.header, body)
				speak := how.left == 0 || how.header.Get("retry-after") != ""
				g.Expect(f.Limited).To(Equal(speak))
				g.Expect(f.Secondary).To(Equal(speak && how.left > 0))
				if speak {
					expectUntil(g, f, how.until)
				} else {
					expectUntil(g, f, 0)
					g.Expect(failed.Reason).To(Equal(v1alpha1.ReasonUnavailable))
				}

				f, failed = heard(opCreate, 502, how.header, body)
				g.Expect(f.Limited || f.Secondary || f.Works).To(BeFalse())
				g.Expect(failed.Reason).To(Equal(v1alpha1.ReasonUnavailable))
				g.Expect(failed.Message).To(Equal("github.com answered 502 Bad Gateway"))
				if how.header.Get("retry-after") == "" {
					expectUntil(g, f, 0)
				} else {
					expectUntil(g, f, how.until)
				}
			})
		}
	}
}

func TestWhatIsNoLimitPausesNobody(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
	}{
		"permission":      {403, integr},
		"another App's":   {403, foreign},
		"a user's token":  {403, userToken},
		"suspended":       {403, suspended},
		"archived":        {403, archived},
		"IP allow list":   {403, allowList},
		"SAML":            {403, saml},
		"revoked":         {401, badCreds},
		"not found":       {404, notFound},
		"no commit":       {422, noCommit},
		"a bad field":     {422, badURL},
		"too long":        {422, tooLong},
		"a page, 404":     {404, htmlPage},
		"conflict":        {409, `{"message":"Conflict"}`},
		"a page, teapot":  {418, htmlPage},
		"gone, no words":  {410, ""},
		"not acceptable":  {406, "null"},
		"too large, text": {413, "Request Entity Too Large"},
	} {
		for headers, how := range told {
			t.Run(name+", "+headers, func(t *testing.T) {
				g := NewWithT(t)
				f, failed := heard(opUpdate, tc.status, how.header, tc.body)
				g.Expect(f.Limited || f.Secondary || f.Free || f.Works).To(BeFalse())
				g.Expect(f.PauseUntil).To(BeZero())
				g.Expect(f.Remaining != nil).To(Equal(how.left >= 0), "headers are counted")
				g.Expect(failed).To(HaveOccurred())
				g.Expect(failed.Reason).NotTo(Equal(v1alpha1.ReasonPending))
			})
		}
	}
}

func TestAnAnswerThatNothingChangedIsFree(t *testing.T) {
	g := NewWithT(t)
	later := noon.Add(40 * time.Minute)
	f, failed := heard(opList, http.StatusNotModified, headers(budget(4000, later)...), "")
	g.Expect(failed).NotTo(HaveOccurred())
	g.Expect(f.Free).To(BeTrue())
	g.Expect(*f.Remaining).To(BeEquivalentTo(4000))
	f, _ = heard(opList, http.StatusOK, headers(budget(4000, later)...), "")
	g.Expect(f.Free).To(BeFalse())
}

func TestALimitOnTokensPausesWithoutCounting(t *testing.T) {
	g := NewWithT(t)
	later := noon.Add(40 * time.Minute)
	f, failed := heard(opCreateToken, 403, headers(budget(0, later)...), primary)
	g.Expect(failed.Reason).To(Equal(v1alpha1.ReasonPending))
	g.Expect(f.Limited).To(BeTrue())
	g.Expect(f.PauseUntil.Equal(later)).To(BeTrue())
	g.Expect(f.Limit).To(BeNil(), "a token is counted for the App")
	g.Expect(f.Remaining).To(BeNil())
}

func TestGitHubsClockDoesNotHaveToBeRight(t *testing.T) {
	g := NewWithT(t)
	ahead := noon.Add(3 * time.Hour)
	h := headers(append(budget(0, ahead.Add(40*time.Minute)), "date", ahead.Format(http.TimeFormat))...)
	f, _ := heard(opCreate, 403, h, primary)
	g.Expect(f.PauseUntil.Sub(noon)).To(Equal(40 * time.Minute))
}
