package bitbucket_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/test/scm/bitbucket"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	sha     = "1f0c7d4b1e0f4c5a9d3b7e2a6c8f0d1e2b3a4c5d"
	unknown = "0000000000000000000000000000000000000001"
	link    = `"url":"https://ci.example.com/1"`

	cloudStatuses = "/repositories/acme/shop/commit/"
	centerCommits = "/projects/acme/repos/shop/commits/"
)

// world is a Bitbucket with a repository.
type world struct {
	*WithT
	*bitbucket.Server
	t      *testing.T
	clock  *clocktesting.FakeClock
	client *wiretest.Client
	token  string
}

func newWorld(t *testing.T, start func(...bitbucket.Option) *bitbucket.Server, opts ...bitbucket.Option) *world {
	t.Helper()
	clk := clocktesting.NewFakeClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	s := start(append(opts, bitbucket.WithClock(clk))...)
	s.AddRepo("acme/shop", sha)
	return &world{
		WithT: NewWithT(t), Server: s, t: t, clock: clk, client: wiretest.NewClient(t, s),
		token: s.AddToken("robot", "write"),
	}
}

type answer = wiretest.Answer

func (w *world) try(ctx context.Context, method, url, body, token string) (answer, error) {
	return w.client.Try(ctx, method, url, body, "Authorization", "Bearer "+token, "Content-Type", "application/json")
}

func (w *world) call(method, path, body string) answer {
	w.t.Helper()
	a, err := w.try(context.Background(), method, w.URL()+path, body, w.token)
	w.Expect(err).NotTo(HaveOccurred())
	return a
}

// old makes a request of Data Center's older API.
func (w *world) old(query string) answer {
	w.t.Helper()
	root := strings.TrimSuffix(w.URL(), "/rest/api/latest")
	a, err := w.try(context.Background(), "GET", root+"/rest/build-status/latest/commits/"+query, "", w.token)
	w.Expect(err).NotTo(HaveOccurred())
	return a
}

func TestCloudUpdatesByKey(t *testing.T) {
	w := newWorld(t, bitbucket.NewCloud)
	post := cloudStatuses + sha + "/statuses/build"
	a := w.call("POST", post, `{"key":"a/b","state":"INPROGRESS","name":"n","description":"d",`+link+`}`)
	w.Expect(a.Status).To(Equal(201))
	w.Expect(a.Body).To(ContainSubstring(`"key":"a/b"`))
	a = w.call("POST", post, `{"key":"a/b","state":"STOPPED",`+link+`}`)
	w.Expect(a.Status).To(Equal(201))
	w.Expect(w.Builds("acme/shop", sha)).To(Equal([]bitbucket.Build{{
		Key: "a/b", State: "STOPPED", Name: "n", Description: "d", URL: "https://ci.example.com/1", Author: "robot", Created: w.clock.Now(), Updated: w.clock.Now(),
	}}), "what is left out stays")
	w.Expect(w.call("GET", post+"/a%2Fb", "").Body).To(ContainSubstring(`"state":"STOPPED"`))
	w.Expect(w.call("GET", post+"/a/b", "").Status).To(Equal(404), "a key is one segment")
	w.Expect(w.call("GET", post+"/other", "").Status).To(Equal(404))
	w.DeleteBuild("acme/shop", sha, "a/b")
	w.Expect(w.call("GET", post+"/a%2Fb", "").Status).To(Equal(404))
}

func TestCloudRefusesWhatDoesNotFit(t *testing.T) {
	w := newWorld(t, bitbucket.NewCloud)
	for body, problem := range map[string]string{
		`{"state":"FAILED",` + link + `}`:                                                            "key",
		`{"key":"x",` + link + `}`:                                                                   "state",
		`{"key":"x","state":"FAILED"}`:                                                               "url",
		`{"key":"x","state":"FAILED","url":""}`:                                                      "url",
		`{"key":"x","state":"FAILED","url":"ftp://x"}`:                                               "url",
		`{"key":"x","state":"CANCELLED",` + link + `}`:                                               "state",
		`{"key":"` + strings.Repeat("k", 41) + `","state":"FAILED",` + link + `}`:                    "key",
		`{"key":"x","state":"FAILED","name":"` + strings.Repeat("n", 256) + `",` + link + `}`:        "name",
		`{"key":"x","state":"FAILED","description":"` + strings.Repeat("😀", 128) + `",` + link + `}`: "description",
		`no JSON`: "body",
	} {
		a := w.call("POST", cloudStatuses+sha+"/statuses/build", body)
		w.Expect(a.Status).To(Equal(400), body)
		w.Expect(a.Body).To(ContainSubstring(`"message":"`+problem+": "), body)
	}
	w.Expect(w.Builds("acme/shop", sha)).To(BeEmpty())
}

func TestPagesAreAsEachServiceCutsThem(t *testing.T) {
	w := newWorld(t, bitbucket.NewCloud)
	for i := range 120 {
		w.SetBuild("acme/shop", sha, bitbucket.Build{Key: fmt.Sprint(i), State: "FAILED"})
	}
	a := w.call("GET", cloudStatuses+sha+"/statuses", "")
	w.Expect(a.Body).To(ContainSubstring(`"size":120`))
	w.Expect(strings.Count(a.Body, `"key"`)).To(Equal(10))
	w.Expect(a.Body).To(ContainSubstring(`"next":"` + w.URL() + cloudStatuses + sha + `/statuses?page=2"`))
	a = w.call("GET", cloudStatuses+sha+"/statuses?pagelen=100&page=2", "")
	w.Expect(strings.Count(a.Body, `"key"`)).To(Equal(20))
	w.Expect(a.Body).NotTo(ContainSubstring(`"next"`))
	w.Expect(w.call("GET", cloudStatuses+sha+"/statuses?pagelen=101", "").Status).To(Equal(400))

	w = newWorld(t, bitbucket.NewDataCenter)
	for i := range 120 {
		w.SetBuild("acme/shop", sha, bitbucket.Build{Key: fmt.Sprint(i), State: "FAILED"})
	}
	w.AddRepo("acme/fork", sha)
	w.SetBuild("acme/fork", sha, bitbucket.Build{Key: "fork", State: "FAILED"})
	a = w.old(sha)
	w.Expect(a.Body).To(ContainSubstring(`"nextPageStart":25`))
	a = w.old(sha + "?limit=100&start=100")
	w.Expect(strings.Count(a.Body, `"key"`)).To(Equal(21), "a fork's as well")
	w.Expect(a.Body).To(ContainSubstring(`"isLastPage":true`))
	w.Expect(w.old(unknown).Body).To(ContainSubstring(`"values":[]`))
}

func TestDataCenterReplacesByKeyAndAnswersNothing(t *testing.T) {
	w := newWorld(t, bitbucket.NewDataCenter)
	builds := centerCommits + sha + "/builds"
	a := w.call("POST", builds, `{"key":"a/b","state":"CANCELLED","name":"n","description":"d",`+link+`}`)
	w.Expect(a.Status).To(Equal(204))
	w.Expect(a.Body).To(BeEmpty())
	w.Expect(w.call("POST", builds, `{"key":"a/b","state":"FAILED",`+link+`}`).Status).To(Equal(204))
	w.Expect(w.Builds("acme/shop", sha)).To(HaveLen(1))
	w.Expect(w.Builds("acme/shop", sha)[0].Description).To(BeEmpty())
	w.Expect(w.call("GET", builds+"?key=a%2Fb", "").Body).To(ContainSubstring(`"state":"FAILED"`))
	w.Expect(w.call("GET", builds+"?key=other", "").Body).To(ContainSubstring("NoSuchBuildStatusException"))
	w.Expect(w.call("GET", builds, "").Status).To(Equal(400), "it wants a key")
	for _, body := range []string{
		`{"key":"x","state":"STOPPED",` + link + `}`,
		`{"key":"x","state":"FAILED","url":"https://ci.example.com/` + strings.Repeat("a", 450) + `"}`,
		`{"key":"x","state":"FAILED","name":"` + strings.Repeat("n", 256) + `",` + link + `}`,
	} {
		w.Expect(w.call("POST", builds, body).Status).To(Equal(400), body)
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	body := `{"key":"x","state":"FAILED",` + link + `}`
	for name, tc := range map[string]struct {
		start          func(...bitbucket.Option) *bitbucket.Server
		here, nowhere  string
		missing, gone  string
		repositoryless string
	}{
		"Cloud":  {bitbucket.NewCloud, cloudStatuses + sha + "/statuses/build", cloudStatuses + unknown + "/statuses/build", "Commit not found", "Repository acme/shop not found", "/repositories"},
		"Center": {bitbucket.NewDataCenter, centerCommits + sha + "/builds", centerCommits + unknown + "/builds", "NoSuchCommitException", "NoSuchRepositoryException", "/projects"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tc.start)
			robot := w.token
			w.token = ""
			w.Expect(w.call("POST", tc.here, body).Status).To(Equal(401))
			w.token = w.AddToken("reader", "read")
			w.Expect(w.call("POST", tc.here, body).Status).To(Equal(403))
			w.token = robot
			w.Expect(w.call("POST", tc.nowhere, body).Body).To(ContainSubstring(tc.missing))
			w.Expect(w.call("GET", tc.repositoryless, body).Status).To(Equal(404))
			w.RemoveRepo("acme/shop")
			w.Expect(w.call("POST", tc.here, body).Body).To(ContainSubstring(tc.gone))
			w.RevokeTokens("robot")
			w.Expect(w.call("POST", tc.here, body).Status).To(Equal(401))
			w.Expect(w.Writes()).To(HaveLen(5))
			w.Expect(w.Calls()[2].User).To(Equal("robot"))
			w.Expect(w.Calls()[2].RequestHeader).NotTo(HaveKey("Authorization"))
		})
	}
}

func TestFaultsMeetWhatTheyMatch(t *testing.T) {
	w := newWorld(t, bitbucket.NewCloud)
	path, body := cloudStatuses+sha+"/statuses/build", `{"key":"x","state":"FAILED",`+link+`}`
	w.Inject(bitbucket.Fault{Match: func(r *http.Request) bool { return r.Method == http.MethodPost }, Status: 502, Body: "down"})
	w.Expect(w.call("GET", path+"/x", "").Status).To(Equal(404))
	w.Expect(w.call("POST", path, body).Status).To(Equal(502))
	w.Inject(bitbucket.Fault{DropBefore: true})
	_, err := w.try(context.Background(), "POST", w.URL()+path, body, w.token)
	w.Expect(err).To(HaveOccurred())
	w.Expect(w.Builds("acme/shop", sha)).To(BeEmpty())
	for _, f := range []bitbucket.Fault{{DropAfter: true}, {CutBody: true}} {
		w.Inject(f)
		_, err := w.try(context.Background(), "POST", w.URL()+path, body, w.token)
		w.Expect(err).To(HaveOccurred())
		w.Expect(w.Builds("acme/shop", sha)).To(HaveLen(1))
	}
	w.Inject(bitbucket.Fault{Hang: true})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = w.try(ctx, "POST", w.URL()+path, body, w.token)
	w.Expect(err).To(HaveOccurred())
	w.Inject(bitbucket.Fault{Times: -1, Status: 500})
	w.ClearFaults()
	w.Expect(w.call("POST", path, body).Status).To(Equal(201))
}

func TestCloudCountsAnHour(t *testing.T) {
	w := newWorld(t, bitbucket.NewCloud, bitbucket.WithLimits(bitbucket.Limits{RequestsPerHour: 2, Scaled: true}))
	get := func() answer { return w.call("GET", cloudStatuses+sha+"/statuses", "") }
	w.Expect(get().Header.Get("X-Ratelimit-Limit")).To(Equal("2"))
	w.clock.Step(time.Minute)
	w.Expect(get().Header.Get("X-Ratelimit-Nearlimit")).To(Equal("true"))
	w.Expect(get().Status).To(Equal(429))
	w.clock.Step(59 * time.Minute)
	w.Expect(get().Status).To(Equal(200))
	w.Expect(get().Status).To(Equal(429))
	w.Expect(w.Violations()).To(Equal(2))
	w.token = w.AddToken("other", "read")
	w.Expect(get().Status).To(Equal(200), "each has its own")
}

func TestDataCenterHasATokenBucket(t *testing.T) {
	w := newWorld(t, bitbucket.NewDataCenter, bitbucket.WithLimits(bitbucket.Limits{Tokens: 2, Fill: 1, Interval: 2 * time.Second}))
	a := w.old(sha)
	w.Expect(a.Header.Get("X-Ratelimit-Limit")).To(Equal("2"))
	w.Expect(a.Header.Get("X-Ratelimit-Remaining")).To(Equal("1"))
	w.Expect(a.Header.Get("X-Ratelimit-Interval-Seconds")).To(Equal("2"))
	w.Expect(a.Header.Get("X-Ratelimit-Fillrate")).To(Equal("1"))
	w.Expect(a.Header.Get("Retry-After")).To(Equal("0"))
	w.Expect(w.old(sha).Header.Get("Retry-After")).To(Equal("2"))
	w.Expect(w.old(sha).Status).To(Equal(429))
	w.clock.Step(2 * time.Second)
	w.Expect(w.old(sha).Status).To(Equal(200))
	w.Expect(w.old(sha).Status).To(Equal(429))
	w.Expect(w.old(sha).Status).To(Equal(429))
	w.Expect(w.Violations()).To(Equal(3))
}

func TestARepositoryThatHasMovedRedirects(t *testing.T) {
	for name, tc := range map[string]struct {
		start             func(...bitbucket.Option) *bitbucket.Server
		old, today, write string
	}{
		"Cloud":       {bitbucket.NewCloud, "/repositories/acme/shop", "/repositories/acme/market", "/commit/" + sha + "/statuses/build"},
		"Data Center": {bitbucket.NewDataCenter, "/projects/acme/repos/shop", "/projects/acme/repos/market", "/commits/" + sha + "/builds"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tc.start)
			w.client.StayPut()
			w.MoveRepo("acme/shop", "acme/market")
			for _, a := range []answer{w.call("GET", tc.old, ""), w.call("POST", tc.old+tc.write, `{"key":"x","state":"FAILED",`+link+`}`)} {
				w.Expect(a.Status).To(Equal(301))
				w.Expect(a.Header.Get("Location")).To(ContainSubstring(tc.today))
			}
			w.Expect(w.Builds("acme/market", sha)).To(BeEmpty())
			w.Expect(w.call("GET", tc.today, "").Status).To(Equal(200))
		})
	}
}
