package gitea_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/test/scm/gitea"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	sha      = "1f0c7d4b1e0f4c5a9d3b7e2a6c8f0d1e2b3a4c5d"
	unknown  = "0000000000000000000000000000000000000001"
	statuses = "/repos/acme/shop/statuses/"
)

// world is a Gitea with a repository to which robot may write.
type world struct {
	*WithT
	*gitea.Server
	t      *testing.T
	clock  *clocktesting.FakeClock
	client *wiretest.Client
	token  string
}

func newWorld(t *testing.T, opts ...gitea.Option) *world {
	t.Helper()
	clk := clocktesting.NewFakeClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	s := gitea.New(append(opts, gitea.WithClock(clk))...)
	s.AddRepo("acme/shop", sha)
	w := &world{WithT: NewWithT(t), Server: s, t: t, clock: clk, client: wiretest.NewClient(t, s), token: s.AddUser("robot")}
	w.client.StayPut()
	s.Grant("acme/shop", "robot", "write")
	return w
}

type answer = wiretest.Answer

func (w *world) try(ctx context.Context, method, path, body, token string) (answer, error) {
	header := []string{"Content-Type", "application/json"}
	if token != "" {
		header = append(header, "Authorization", "token "+token)
	}
	return w.client.Try(ctx, method, w.URL()+path, body, header...)
}

func (w *world) call(method, path, body, token string) answer {
	w.t.Helper()
	a, err := w.try(context.Background(), method, path, body, token)
	w.Expect(err).NotTo(HaveOccurred())
	return a
}

func (w *world) post(body string) answer {
	w.t.Helper()
	return w.call("POST", statuses+sha, body, w.token)
}

// contexts are those of the statuses in an answer.
func (w *world) contexts(a answer) []string {
	var list []struct{ Context string }
	w.Expect(json.Unmarshal([]byte(a.Body), &list)).To(Succeed())
	names := []string{}
	for _, s := range list {
		names = append(names, s.Context)
	}
	return names
}

func TestStatusesAreOnlyAdded(t *testing.T) {
	w := newWorld(t)
	for _, state := range []string{"pending", "success", "whatever"} {
		w.Expect(w.post(`{"context":" x ","state":"` + state[:7] + `","description":" d ","target_url":"u"}`).Status).To(Equal(201))
	}
	got := w.Statuses("acme/shop", sha)
	w.Expect(got).To(HaveLen(3), "no state is checked")
	w.Expect(got[2]).To(Equal(gitea.Status{
		ID: 3, State: "whateve", Context: "x", Description: "d", TargetURL: "u", Creator: "robot", Created: w.clock.Now(),
	}), "white space is cut off")
	w.Expect(w.post(`{"context":"x","state":"skipped"}`).Body).To(ContainSubstring(`"id":4`))
	w.Expect(w.AddStatus("Acme/Shop", sha, gitea.Status{Context: "x", Creator: "stranger"})).To(BeEquivalentTo(5))
	w.DeleteStatuses("acme/shop", sha, "x")
	w.Expect(w.Statuses("acme/shop", sha)).To(BeEmpty())
}

func TestPagesAreAsGiteaCutsThem(t *testing.T) {
	w := newWorld(t)
	for i := range 70 {
		w.AddStatus("acme/shop", sha, gitea.Status{Context: string(rune('A' + i)), Creator: "robot"})
	}
	for query, tc := range map[string]struct {
		first string
		n     int
		rels  []string
	}{
		"":                           {"A", 30, []string{"next", "last"}},
		"?limit=1000":                {"A", 50, []string{"next", "last"}},
		"?limit=50&page=2":           {"s", 20, []string{"first", "prev"}},
		"?limit=50&sort=leastindex":  {string(rune('A' + 69)), 50, []string{"next", "last"}},
		"?limit=50&page=9":           {"", 0, []string{"first", "prev"}},
		"?limit=20&page=2&sort=nons": {"U", 20, []string{"next", "last", "first", "prev"}},
	} {
		a := w.call("GET", statuses+sha+query, "", w.token)
		w.Expect(a.Header.Get("X-Total-Count")).To(Equal("70"))
		names := w.contexts(a)
		w.Expect(names).To(HaveLen(tc.n), query)
		if tc.n > 0 {
			w.Expect(names[0]).To(Equal(tc.first), query)
		}
		for _, rel := range []string{"next", "last", "first", "prev"} {
			has := strings.Contains(a.Header.Get("Link"), `rel="`+rel+`"`)
			w.Expect(has).To(Equal(strings.Contains(strings.Join(tc.rels, " "), rel)), "%s %s", query, rel)
		}
	}
}

func TestWhatGoesWrongIsToldToAdministratorsAlone(t *testing.T) {
	w := newWorld(t)
	body := `{"context":"x","state":"success"}`
	a := w.call("POST", statuses+unknown, body, w.token)
	w.Expect(a.Status).To(Equal(500))
	w.Expect(a.Body).To(ContainSubstring(`"message":""`))
	a = w.call("POST", statuses+unknown, body, w.AddUser("root", gitea.Admin()))
	w.Expect(a.Status).To(Equal(500))
	w.Expect(a.Body).To(ContainSubstring("GetCommit[" + unknown + "]: object does not exist"))
	w.Expect(w.post(`{"context":"x","state":"too long"}`).Status).To(Equal(500))
	w.Expect(w.call("GET", statuses+unknown, "", w.token).Body).To(Equal("[]\n"), "a list does not look")
}

func TestWhoMayDoWhat(t *testing.T) {
	w := newWorld(t)
	body := `{"context":"x","state":"success"}`
	reader := w.AddUser("reader")
	narrow := w.AddUser("robot", gitea.WithScopes("read:repository"))
	for name, tc := range map[string]struct {
		method, path, token string
		status              int
	}{
		"nobody reads":          {"GET", statuses + sha, "", 200},
		"nobody writes":         {"POST", statuses + sha, "", 401},
		"a bad token":           {"GET", statuses + sha, "nonsense", 401},
		"a reader reads":        {"GET", statuses + sha, reader, 200},
		"a reader writes":       {"POST", statuses + sha, reader, 403},
		"a narrow token reads":  {"GET", statuses + sha, narrow, 200},
		"a narrow token writes": {"POST", statuses + sha, narrow, 403},
		"no such repository":    {"POST", "/repos/acme/other/statuses/" + sha, w.token, 404},
		"any case":              {"POST", "/repos/ACME/Shop/statuses/" + sha, w.token, 201},
		"who is it":             {"GET", "/user", w.token, 200},
		"who is it, narrow":     {"GET", "/user", narrow, 403},
		"who is it, nobody":     {"GET", "/user", "", 401},
		"no such path":          {"GET", "/nowhere", w.token, 404},
	} {
		w.Expect(w.call(tc.method, tc.path, body, tc.token).Status).To(Equal(tc.status), name)
	}
	w.Expect(w.post("no JSON").Status).To(Equal(422))
	w.MakePrivate("acme/shop")
	w.Expect(w.call("GET", statuses+sha, "", reader).Status).To(Equal(404))
	w.Expect(w.post(body).Status).To(Equal(201))
	w.RenameRepo("acme/shop", "acme/store")
	a := w.post(body)
	w.Expect(a.Status).To(Equal(301))
	w.Expect(a.Header.Get("Location")).To(Equal("/api/v1/repos/acme/store/statuses/" + sha))
	w.RevokeToken(w.token)
	w.Expect(w.post(body).Status).To(Equal(401))
	w.RemoveRepo("acme/store")
}

func TestTheLedgerHoldsEveryCallAndNoToken(t *testing.T) {
	w := newWorld(t)
	w.post(`{"context":"x","state":"success"}`)
	w.call("GET", statuses+sha+"?page=1", "", "")
	calls := w.Calls()
	w.Expect(calls).To(HaveLen(2))
	w.Expect(w.Writes()).To(HaveLen(1))
	w.Expect(calls[0].Operation).To(Equal(gitea.OpCreateStatus))
	w.Expect(calls[0].User).To(Equal("robot"))
	w.Expect(calls[0].RequestHeader).NotTo(HaveKey("Authorization"))
	w.Expect(string(calls[0].RequestBody)).To(ContainSubstring("success"))
	w.Expect(calls[1].URL().String()).To(Equal("/api/v1" + statuses + sha + "?page=1"))
}

func TestFaultsMeetWhatTheyMatch(t *testing.T) {
	w := newWorld(t)
	body := `{"context":"x","state":"success"}`
	isWrite := func(r *http.Request) bool { return r.Method == http.MethodPost }
	w.Inject(gitea.Fault{Match: isWrite, Status: 502, Body: "down", Header: http.Header{"Retry-After": {"7"}}})
	w.Expect(w.call("GET", statuses+sha, "", w.token).Status).To(Equal(200))
	w.Expect(w.post(body).Status).To(Equal(502))
	for _, f := range []gitea.Fault{{DropBefore: true}, {DropAfter: true}, {CutBody: true}} {
		w.Inject(f)
		_, err := w.try(context.Background(), "POST", statuses+sha, body, w.token)
		w.Expect(err).To(HaveOccurred())
	}
	w.Expect(w.Statuses("acme/shop", sha)).To(HaveLen(2))
	w.Inject(gitea.Fault{Hang: true})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := w.try(ctx, "POST", statuses+sha, body, w.token)
	w.Expect(err).To(HaveOccurred())
	w.Inject(gitea.Fault{Times: -1, Status: 500})
	w.ClearFaults()
	w.Inject(gitea.Fault{Delay: time.Minute})
	done := make(chan int)
	go func() { done <- w.post(body).Status }()
	w.Eventually(w.clock.HasWaiters).Should(BeTrue())
	w.clock.Step(time.Minute)
	w.Eventually(done).Should(Receive(Equal(201)))
}

func TestAProxyLimitsAll(t *testing.T) {
	w := newWorld(t, gitea.WithLimits(gitea.Limits{RequestsPerMinute: 2, RetryAfter: true}))
	get := func() answer { return w.call("GET", statuses+sha, "", w.token) }
	w.Expect(get().Status).To(Equal(200))
	w.clock.Step(30 * time.Second)
	w.Expect(get().Status).To(Equal(200))
	a := get()
	w.Expect(a.Status).To(Equal(429))
	w.Expect(a.Header.Get("Retry-After")).To(Equal("30"))
	w.Expect(a.Body).To(HavePrefix("<html>"))
	w.clock.Step(30 * time.Second)
	w.Expect(get().Status).To(Equal(200))
	w.Expect(w.Violations()).To(Equal(1))
}
