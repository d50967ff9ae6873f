package githubspec_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	provider "github.com/argoproj-labs/commit-status-hub/providers/github"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
	"github.com/argoproj-labs/commit-status-hub/test/githubspec"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// stage is the provider at a fake GitHub that repeats to it what GitHub itself has
// answered. Its budget has no end, and its clock stands still.
type stage struct {
	*WithT
	t             *testing.T
	github        *github.Server
	clock         *clocktesting.FakeClock
	installations *ratelimit.Installations
	account       providers.Account
	repository    string
}

// byApp is a stage for the check runs of an App.
func byApp(t *testing.T, appID int64, repository string) *stage {
	t.Helper()
	s := newStage(t, repository)
	key := s.github.AddApp(appID)
	owner, _, _ := strings.Cut(repository, "/")
	s.github.Install(appID, installation, owner)
	s.open(appID, map[string][]byte{"privateKey": key})
	return s
}

// byUser is a stage for the commit statuses of a user, whom GitHub answers to be me.
func byUser(t *testing.T, me json.RawMessage, repository string) *stage {
	t.Helper()
	s := newStage(t, repository)
	s.repeats("GET", "/user", githubspec.Exchange{Status: 200, Body: me})
	s.open(0, map[string][]byte{"token": []byte(s.github.AddUser("somebody"))})
	return s
}

func newStage(t *testing.T, repository string) *stage {
	t.Helper()
	s := &stage{WithT: NewWithT(t), t: t, github: github.New(), clock: clocktesting.NewFakeClock(time.Now()), repository: repository}
	t.Cleanup(s.github.Close)
	s.github.AddRepo(repository)
	s.installations = ratelimit.NewInstallations(s.clock)
	t.Cleanup(s.installations.CloseIdleConnections)
	return s
}

func (s *stage) open(appID int64, secret map[string][]byte) {
	s.t.Helper()
	none := new(int64(0))
	var err error
	s.account, err = provider.NewKind(s.installations, s.clock).Open(&v1alpha1.ScmProvider{
		ObjectMeta: metav1.ObjectMeta{Name: "acme"},
		Spec: v1alpha1.ScmProviderSpec{
			GitHub:    &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(s.github.URL()), AppID: appID},
			SecretRef: v1alpha1.ObjectReference{Name: "acme"},
			RateLimit: &v1alpha1.RateLimit{
				RequestsPerHour: none, RequestsPerMinute: none, PointsPerMinute: none, WritesPerMinute: none, WritesPerHour: none, MaxInFlight: none,
			},
		},
	}, secret)
	s.Expect(err).NotTo(HaveOccurred())
}

func (s *stage) client() providers.Client {
	s.t.Helper()
	client, err := s.account.Client(s.t.Context(), s.repository)
	s.Expect(err).NotTo(HaveOccurred())
	return client
}

// repeats makes the fake answer, to every request of a method whose path ends so, as
// GitHub has answered.
func (s *stage) repeats(method, ending string, answer githubspec.Exchange) {
	s.answers(answer, func(r *http.Request) bool { return r.Method == method && strings.HasSuffix(r.URL.Path, ending) })
}

// answers makes the fake answer as GitHub has, to every request that fits.
func (s *stage) answers(answer githubspec.Exchange, fits func(*http.Request) bool) {
	header := http.Header{
		// The fake's own, where GitHub sent none.
		"X-Ratelimit-Limit": nil, "X-Ratelimit-Used": nil, "X-Ratelimit-Remaining": nil, "X-Ratelimit-Reset": nil,
		"X-Ratelimit-Resource": nil, "Etag": nil, "Content-Type": {"application/json; charset=utf-8"},
	}
	for name, values := range answer.Header {
		header[name] = values
	}
	s.github.Inject(github.Fault{Match: fits, Times: -1, Status: answer.Status, Header: header, Body: string(answer.Body)})
}

// budget is what is known of the budget that the client spends.
func (s *stage) budget() v1alpha1.Installation {
	s.t.Helper()
	lane, known := s.account.Lane(s.repository)
	s.Expect(known).To(BeTrue())
	records := s.installations.Records("acme")
	i := slices.IndexFunc(records, func(in v1alpha1.Installation) bool { return in.ID == lane })
	s.Expect(i).NotTo(Equal(-1), "nothing is recorded of %s", lane)
	return records[i]
}

// requests are the methods and URLs of all calls of these operations.
func (s *stage) requests(operations ...string) []string {
	var lines []string
	for _, call := range s.github.Calls() {
		if slices.Contains(operations, call.Operation) {
			lines = append(lines, call.Method+" "+call.URL().String())
		}
	}
	return lines
}

// exchanges are those of a scenario by a method whose path has a text in it. There is
// one at least.
func exchanges(t *testing.T, scenario, method, inPath string) []githubspec.Exchange {
	t.Helper()
	var some []githubspec.Exchange
	for _, e := range fetched(t, "what GitHub has answered", githubspec.Exchanges) {
		if e.Scenario == scenario && e.Method == method && strings.Contains(e.Path, inPath) {
			some = append(some, e)
		}
	}
	NewWithT(t).Expect(some).NotTo(BeEmpty(), "%s %s in %s", method, inPath, scenario)
	return some
}

// refusal is the one exchange of a scenario with a status.
func refusal(t *testing.T, scenario string, status int) githubspec.Exchange {
	t.Helper()
	var some []githubspec.Exchange
	for _, e := range fetched(t, "what GitHub has answered", githubspec.Exchanges) {
		if e.Scenario == scenario && e.Status == status {
			some = append(some, e)
		}
	}
	NewWithT(t).Expect(some).To(HaveLen(1), "%d in %s", status, scenario)
	return some[0]
}

// read decodes JSON of GitHub's.
func read[T any](t *testing.T, raw []byte) T {
	t.Helper()
	var v T
	NewWithT(t).Expect(json.Unmarshal(raw, &v)).To(Succeed(), "%.200s", raw)
	return v
}

// written encodes JSON.
func written(t *testing.T, v any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(v)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return raw
}
