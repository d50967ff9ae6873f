package bitbucket

import (
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// Bodies of Bitbucket. The text of Data Center's limit depends on its language.
const (
	exceeded      = "Rate limit for this resource has been exceeded"
	exceededJSON  = `{"type": "error", "error": {"message": "Rate limit for this resource has been exceeded"}}`
	cloudDenied   = `{"type": "error", "error": {"message": "Your credentials lack one or more required privilege scopes."}}`
	cloudKey      = `{"type": "error", "error": {"fields": {"key": ["Ensure this value has at most 40 characters (it has 41)."]}, "message": "key: Ensure this value has at most 40 characters (it has 41)."}}`
	centerLimited = `{"message":"Rate limit exceeded."}`
	centerDenied  = `{"errors":[{"context":null,"message":"You are not permitted to access this resource","exceptionName":"com.atlassian.bitbucket.AuthorisationException"}]}`
	page          = "<html><head><title>Bitbucket</title></head><body>Something went wrong</body></html>"
)

var _ ratelimit.Classifier = Classify

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// tokens are Data Center's headers: five tokens each two seconds.
func tokens(remaining, retryAfter string) http.Header {
	return headers("X-RateLimit-Limit", "60", "X-RateLimit-Remaining", remaining, "X-RateLimit-FillRate", "5",
		"X-RateLimit-Interval-Seconds", "2", "Retry-After", retryAfter)
}

func TestAnAnswerOfBitbucketTellsWhomItPauses(t *testing.T) {
	for name, tc := range map[string]struct {
		status  int
		header  http.Header
		body    string
		limited bool
		pause   time.Duration // 0: none that Bitbucket asks for
	}{
		"Cloud, limited":            {429, headers(), exceeded, true, 0},
		"Cloud, limited, JSON":      {429, headers("X-RateLimit-Limit", "1000", "X-RateLimit-NearLimit", "true"), exceededJSON, true, 0},
		"Cloud, limited for a time": {429, headers("Retry-After", "90"), exceeded, true, 90 * time.Second},
		"Cloud, a page":             {429, headers(), page, true, 0},
		"Cloud, no permission":      {403, headers("X-RateLimit-Limit", "1000"), cloudDenied, false, 0},
		"Cloud, a bad key":          {400, headers(), cloudKey, false, 0},
		"Cloud, written":            {201, headers("X-RateLimit-Limit", "1000"), "", false, 0},
		"Cloud, down for a while":   {503, headers("Retry-After", "120"), page, false, 2 * time.Minute},
		"Cloud, a bad gateway":      {502, headers(), page, false, 0},

		"Center, limited":                {429, tokens("0", "2"), centerLimited, true, 2 * time.Second},
		"Center, a token has come":       {429, tokens("0", "0"), centerLimited, true, time.Second},
		"Center, limited, a page":        {429, tokens("0", "2"), page, true, 2 * time.Second},
		"Center, nothing is granted":     {429, headers("X-RateLimit-Limit", "0", "X-RateLimit-Remaining", "0", "X-RateLimit-FillRate", "0", "X-RateLimit-Interval-Seconds", "0", "Retry-After", "9223372036854775807"), centerLimited, true, 24 * time.Hour},
		"Center, no headers":             {429, headers(), centerLimited, true, 0},
		"Center, no permission":          {403, tokens("7", "0"), centerDenied, false, 0},
		"Center, no permission, no left": {403, tokens("0", "2"), centerDenied, false, 0},
		"Center, written":                {204, tokens("7", "0"), "", false, 0},
		"Center, written, no token left": {204, tokens("0", "2"), "", false, 0},
		"Center, its own failure":        {500, tokens("7", "0"), page, false, 0},
		"Center, behind a proxy":         {503, headers("Retry-After", "30"), page, false, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f, err := Classify(nil, &http.Response{StatusCode: tc.status, Header: tc.header}, []byte(tc.body), noon)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(f.Limited).To(Equal(tc.limited))
			g.Expect(f.Secondary || f.Free || f.Works).To(BeFalse())
			if tc.pause == 0 {
				g.Expect(f.PauseUntil).To(BeZero())
			} else {
				g.Expect(f.PauseUntil.Sub(noon)).To(Equal(tc.pause))
			}
			g.Expect(f.Limit != nil).To(Equal(tc.header.Get("X-RateLimit-Limit") != ""), "headers are counted with every status")
		})
	}
}

func TestCloudTellsAnHourAndDataCenterATokenBucket(t *testing.T) {
	g := NewWithT(t)
	f, _ := Classify(nil, &http.Response{StatusCode: http.StatusCreated, Header: headers("X-RateLimit-Limit", "10000")}, nil, noon)
	g.Expect(*f.Limit).To(BeEquivalentTo(10000))
	g.Expect(f.Window).To(Equal(time.Hour))
	g.Expect(f.Remaining).To(BeNil())

	f, _ = Classify(nil, &http.Response{StatusCode: http.StatusNoContent, Header: tokens("7", "0")}, nil, noon)
	g.Expect(*f.Limit).To(BeEquivalentTo(60))
	g.Expect(*f.Remaining).To(BeEquivalentTo(7))
	g.Expect(f.Refill).To(Equal(2.5))
	g.Expect(f.Window).To(BeZero())
	g.Expect(f.ResetAt).To(BeZero())
}
