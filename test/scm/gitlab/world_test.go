package gitlab_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	testclock "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	shop    = "acme/platform/shop"
	project = "/projects/acme%2Fplatform%2Fshop"
)

var (
	sha   = strings.Repeat("a1", 20)
	other = strings.Repeat("b2", 20)
)

// world is a server with a project, a bot that may write to it, and a client.
type world struct {
	*WithT
	*gitlab.Server
	clock  *testclock.FakeClock
	client *wiretest.Client
	token  string
}

func newWorld(t *testing.T, opts ...gitlab.Option) *world {
	t.Helper()
	w := &world{WithT: NewWithT(t), clock: testclock.NewFakeClock(time.Now())}
	w.Server = gitlab.New(append([]gitlab.Option{gitlab.WithClock(w.clock)}, opts...)...)
	w.client = wiretest.NewClient(t, w)
	w.AddProject(shop, sha)
	for _, user := range []string{"bot", "human"} {
		w.AddUser(user)
		w.AddMember(shop, user, gitlab.Developer)
	}
	w.token = w.AddToken("bot")
	return w
}

type answer = wiretest.Answer

// try sends a request and returns the error of one without an answer.
func (w *world) try(method, path, body, token string, header ...string) (answer, error) {
	if token != "" {
		header = append([]string{"PRIVATE-TOKEN", token}, header...)
	}
	return w.client.Try(context.Background(), method, w.URL()+path, body, header...)
}

func (w *world) call(method, path, body string, header ...string) answer {
	a, err := w.try(method, path, body, w.token, header...)
	w.Expect(err).NotTo(HaveOccurred())
	return a
}

// set sets a status named test, with more members of its JSON object.
func (w *world) set(state, more string) answer {
	return w.call("POST", project+"/statuses/"+sha, fmt.Sprintf(`{"name":"test","state":%q%s}`, state, more))
}

func (w *world) list(query string) answer {
	return w.call("GET", project+"/repository/commits/"+sha+"/statuses"+query, "")
}

func TestAStatusIsAnsweredAsGitLabDoesIt(t *testing.T) {
	w := newWorld(t)
	a := w.set("running", `,"description":"d","target_url":"https://ci.example.com/1"`)
	w.Expect(a.Status).To(Equal(201), a.Body)
	w.Expect(a.Number("id")).To(BeNumerically(">", 1<<32))
	w.Expect(a.Number("pipeline_id")).To(Equal(w.Pipelines(shop, sha)[0].ID))
	for name, want := range map[string]any{
		"sha": sha, "ref": "main", "status": "running", "name": "test", "description": "d",
		"target_url": "https://ci.example.com/1", "allow_failure": false,
	} {
		w.Expect(a.JSON()).To(HaveKeyWithValue(name, want))
	}
	w.Expect(a.JSON()).To(And(HaveKeyWithValue("coverage", BeNil()), HaveKeyWithValue("finished_at", BeNil())))
	w.Expect(a.JSON()["author"]).To(HaveKeyWithValue("username", "bot"))
	w.Expect(a.Text("created_at")).To(HaveSuffix("Z"))
	w.Expect(w.set("success", "").JSON()["finished_at"]).NotTo(BeNil())
}

func TestAProjectIsFoundByItsPathInAnyCaseAndByItsNumber(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"acme%2Fplatform%2Fshop", "ACME%2fPlatform%2FShop", fmt.Sprint(w.ProjectID(shop))} {
		w.Expect(w.call("POST", "/projects/"+id+"/statuses/"+strings.ToUpper(sha), `{"state":"success"}`).Status).To(Equal(201), id)
	}
	w.Expect(w.call("POST", "/projects/acme/platform/shop/statuses/"+sha, `{"state":"success"}`).Status).To(Equal(404))
	w.Expect(w.Statuses("Acme/platform/SHOP", sha)).To(HaveLen(3))
	w.Expect(w.Statuses(shop, sha)[0].Name).To(Equal("default"))
}

func TestWhoMayNotIsTold(t *testing.T) {
	for name, tc := range map[string]struct {
		change  func(*world)
		status  int
		message string
	}{
		"no token":    {func(w *world) { w.token = "" }, 401, `{"message":"401 Unauthorized"}`},
		"wrong token": {func(w *world) { w.token = "glpat-x" }, 401, `{"message":"401 Unauthorized"}`},
		"revoked":     {func(w *world) { w.RevokeToken(w.token) }, 401, "Token was revoked"},
		"expired": {func(w *world) {
			w.token = w.AddToken("bot", gitlab.ExpiresAt(w.clock.Now().Add(time.Minute)))
			w.clock.Step(time.Minute)
		}, 401, "Token is expired"},
		"scope":     {func(w *world) { w.token = w.AddToken("bot", gitlab.ReadOnly()) }, 403, "insufficient_scope"},
		"blocked":   {func(w *world) { w.Block("bot", true) }, 403, "blocked"},
		"reporter":  {func(w *world) { w.AddMember(shop, "bot", gitlab.Reporter) }, 403, `{"message":"403 Forbidden"}`},
		"protected": {func(w *world) { w.Protect(shop, "main") }, 403, `{"message":"403 Forbidden"}`},
		"stranger":  {func(w *world) { w.AddUser("new"); w.token = w.AddToken("new") }, 404, `{"message":"404 Project Not Found"}`},
		"no project": {
			func(w *world) { w.RemoveProject(shop) }, 404, `{"message":"404 Project Not Found"}`,
		},
		"moved": {func(w *world) { w.MoveProject(shop, "acme/new") }, 405, "Non GET methods are not allowed for moved projects"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tc.change(w)
			a := w.set("success", "")
			w.Expect(a.Status).To(Equal(tc.status))
			w.Expect(a.Body).To(ContainSubstring(tc.message))
			w.Expect(w.Statuses(shop, sha)).To(BeEmpty())
		})
	}
	w := newWorld(t)
	w.Protect(shop, "main")
	w.AddMember(shop, "bot", gitlab.Maintainer)
	w.Expect(w.set("success", "").Status).To(Equal(201))
	w.Expect(w.call("GET", "/user", "").Text("username")).To(Equal("bot"))
	a, err := w.try("GET", "/user", "", "", "Authorization", "Bearer "+w.token)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(a.Number("id")).To(Equal(w.AddUser("bot")))
	w.MoveProject(shop, "acme/new")
	w.Expect(w.list("").List()).To(HaveLen(1), "a read is redirected")
}

func TestNoTokenIsInTheLedger(t *testing.T) {
	w := newWorld(t)
	w.set("success", `,"description":"`+w.token+`"`)
	_, err := w.try("GET", "/user", "", "", "Authorization", "Bearer "+w.token)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(w.Writes()).To(HaveLen(1))
	w.Expect(w.Calls()).To(HaveLen(2))
	w.Expect(fmt.Sprintf("%+v %s", w.Calls(), w.Calls()[0].RequestBody)).NotTo(ContainSubstring(w.token))
	w.Expect(w.Calls()[0].User).To(Equal("bot"))
}
