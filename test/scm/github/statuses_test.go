package github_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

const statuses = repo + "/statuses/"

// asUser makes a world whose token is a user's.
func asUser(t *testing.T, opts ...github.UserOption) *world {
	t.Helper()
	w := newWorld(t)
	w.token = w.AddUser("Hubot", opts...)
	return w
}

func (w *world) post(body string) answer { return w.call("POST", statuses+sha, body) }

func TestAStatusIsAnsweredAsItIs(t *testing.T) {
	w := asUser(t)
	a := w.post(`{"state":"pending","context":"ci/Build","description":"d","target_url":"https://ci.example.com/1"}`)
	w.Expect(a.Status).To(Equal(http.StatusCreated), a.Body)
	w.Expect(a.JSON()).To(And(
		HaveKeyWithValue("state", "pending"), HaveKeyWithValue("context", "ci/Build"),
		HaveKeyWithValue("description", "d"), HaveKeyWithValue("target_url", "https://ci.example.com/1"),
	))
	w.Expect(a.Text("creator", "login")).To(Equal("Hubot"))
	w.Expect(a.Number("id")).To(BeNumerically(">", 1<<32))

	a = w.post(`{"state":"error","description":null,"target_url":null}`)
	w.Expect(a.Status).To(Equal(http.StatusCreated), a.Body)
	w.Expect(a.JSON()).To(And(HaveKeyWithValue("context", "default"), HaveKeyWithValue("description", BeNil()), HaveKeyWithValue("target_url", BeNil())))
	w.Expect(w.Writes()).To(HaveLen(2))
	w.Expect(w.Writes()[0].User).To(Equal("Hubot"))
	w.Expect(w.Statuses("Acme/Shop", strings.ToUpper(sha))).To(HaveLen(2))
}

func TestAStatusThatGitHubRefusesIsRefused(t *testing.T) {
	for body, message := range map[string]string{
		`{`:                                  "Problems parsing JSON",
		`[]`:                                 "Body should be a JSON object",
		`{}`:                                 `"state" wasn't supplied`,
		`{"state":null}`:                     "nil is not a string",
		`{"state":"queued"}`:                 "state is not included in the list",
		`{"state":"in_progress"}`:            "state is not included in the list",
		`{"state":"success","context":""}`:   "context can't be blank",
		`{"state":"success","context":null}`: "nil is not a string",
		`{"state":"success","context":"` + strings.Repeat("ä", 256) + `"}`:          "context is too long",
		`{"state":"success","context":"🚀"}`:                                         "context doesn't accept 4-byte Unicode",
		`{"state":"success","description":"` + strings.Repeat("ä", 141) + `"}`:      "description is too long (maximum is 140 characters)",
		`{"state":"success","description":"🚀"}`:                                     "description doesn't accept 4-byte Unicode",
		`{"state":"success","target_url":""}`:                                       "target_url must use http(s) scheme",
		`{"state":"success","target_url":"ftp://ci.example.com"}`:                   "target_url must use http(s) scheme",
		`{"state":"success","target_url":"https://","description":1,"context":"x"}`: "1 is not a string",
	} {
		w := asUser(t)
		a := w.post(body)
		w.Expect(a.Status).To(BeElementOf(400, 422), body)
		var all map[string]any
		w.Expect(json.Unmarshal([]byte(a.Body), &all)).To(Succeed())
		plain, err := json.Marshal(all)
		w.Expect(err).NotTo(HaveOccurred())
		w.Expect(strings.ReplaceAll(string(plain), `\"`, `"`)).To(ContainSubstring(message), body)
		w.Expect(w.Statuses("acme/shop", sha)).To(BeEmpty())
	}
	w := asUser(t)
	a := w.call("POST", statuses+other, `{"state":"success"}`)
	w.Expect(a.Status).To(Equal(422))
	w.Expect(a.Text("message")).To(Equal("No commit found for SHA: " + other))
	w.Expect(w.call("POST", "/repos/acme/none/statuses/"+sha, `{"state":"success"}`).Status).To(Equal(404))
}

func TestACommitKeepsAThousandStatusesOfAContextInAnyCase(t *testing.T) {
	w := asUser(t)
	for range 1000 {
		w.AddStatus(github.Status{Repository: "acme/shop", SHA: sha, Context: "CI", State: "pending", Creator: "mona"})
	}
	a := w.post(`{"state":"success","context":"ci"}`)
	w.Expect(a.Status).To(Equal(422))
	w.Expect(a.Body).To(ContainSubstring(`"message":"This SHA and context has reached the maximum number of statuses."`))
	w.Expect(w.post(`{"state":"success","context":"ci/2"}`).Status).To(Equal(201))
}

func TestStatusesAreListedNewestFirst(t *testing.T) {
	w := asUser(t)
	for _, state := range []string{"pending", "failure", "success"} {
		w.post(`{"state":"` + state + `","context":"` + state + `"}`)
	}
	list := repo + "/commits/" + sha + "/statuses"
	a := w.call("GET", list+"?per_page=2", "")
	all := a.List()
	w.Expect(all).To(HaveLen(2))
	w.Expect(all[0]).To(HaveKeyWithValue("context", "success"))
	w.Expect(all[0]).To(HaveKey("creator"))
	w.Expect(a.Header.Get("Link")).To(ContainSubstring(`page=2>; rel="next"`))
	w.Expect(w.call("GET", list+"?per_page=2&page=2", "").List()).To(HaveLen(1))

	tag := w.call("GET", list, "").Header.Get("ETag")
	w.Expect(w.call("GET", list, "", "If-None-Match", tag).Status).To(Equal(304))
	w.DeleteStatuses("acme/shop", sha, "SUCCESS")
	w.Expect(w.call("GET", list, "", "If-None-Match", tag).List()).To(HaveLen(2))
	w.Expect(w.call("GET", repo+"/commits/"+other+"/statuses", "").Status).To(Equal(422))
	w.token = w.issue(w.key, app, installation)
	w.Expect(w.call("GET", list, "").Status).To(Equal(200), "an App may read them")
}

func TestTheCombinedStatusIsTheWorstOfTheNewest(t *testing.T) {
	combined := repo + "/commits/" + sha + "/status"
	for want, all := range map[string][]string{
		"pending": {"a success", "b pending"},
		"success": {"a error", "A success", "b success"},
		"failure": {"a pending", "b error", "c success"},
	} {
		w := asUser(t)
		w.Expect(w.call("GET", combined, "").Text("state")).To(Equal("pending"), "none at all")
		for _, each := range all {
			context, state, _ := strings.Cut(each, " ")
			w.post(`{"context":"` + context + `","state":"` + state + `"}`)
		}
		a := w.call("GET", combined, "")
		w.Expect(a.Text("state")).To(Equal(want))
		w.Expect(a.JSON()["statuses"].([]any)[0]).NotTo(HaveKey("creator"))
	}
	w := asUser(t)
	w.Expect(w.call("GET", repo+"/commits/"+other+"/status", "").Status).To(Equal(404))
}

func TestOnlyWhoMayWritesAStatus(t *testing.T) {
	const body = `{"state":"success"}`
	w := asUser(t, github.WithoutStatusesWrite())
	a := w.post(body)
	w.Expect(a.Status).To(Equal(403))
	w.Expect(a.Text("message")).To(Equal("Resource not accessible by personal access token"))
	w.Expect(w.call("GET", repo+"/commits/"+sha+"/statuses", "").Status).To(Equal(200))

	for scope, status := range map[string]int{"gist": 404, "repo:status": 201, "public_repo": 201, "repo": 201} {
		w.token = w.AddUser("hubot", github.WithScopes("read:org", scope))
		a = w.post(body)
		w.Expect(a.Status).To(Equal(status), scope)
		w.Expect(a.Header.Get("X-OAuth-Scopes")).To(Equal("read:org, " + scope))
	}
	w.token = w.issue(w.key, app, installation)
	a = w.post(body)
	w.Expect(a.Status).To(Equal(403))
	w.Expect(a.Text("message")).To(Equal("Resource not accessible by integration"))
	w.token = "ghp_unknown"
	w.Expect(w.post(body).Status).To(Equal(401))
	w.Expect(w.send("POST", statuses+sha, body, "").Status).To(Equal(401))
}

func TestAUserIsNoApp(t *testing.T) {
	w := asUser(t)
	a := w.create("")
	w.Expect(a.Status).To(Equal(403))
	w.Expect(a.Text("message")).To(Equal("You must authenticate via a GitHub App."))
	w.Expect(w.list("").Status).To(Equal(200), "but may read check runs")
	w.Expect(w.call("GET", repo+"/installation", "").Status).To(Equal(401))
}

func TestATokenTellsWhoseItIs(t *testing.T) {
	w := asUser(t)
	a := w.call("GET", "/user", "")
	w.Expect(a.Status).To(Equal(200))
	w.Expect(a.Text("login")).To(Equal("Hubot"))
	w.Expect(a.Number("id")).To(BeNumerically(">", 0))
	w.RevokeToken(w.token)
	w.Expect(w.call("GET", "/user", "").Status).To(Equal(401))
	w.Expect(w.send("GET", "/user", "", "").Status).To(Equal(401))
	w.token = w.issue(w.key, app, installation)
	w.Expect(w.call("GET", "/user", "").Status).To(Equal(403))
	w.ExpireTokens()
	w.Expect(w.call("GET", "/user", "").Status).To(Equal(401))
}

func TestAllTokensOfAUserSpendOneBudget(t *testing.T) {
	w := newWorld(t, github.WithLimits(github.Limits{RequestsPerHour: 3}))
	first, second := w.AddUser("hubot"), w.AddUser("Hubot")
	mona := w.AddUser("mona")
	for _, token := range []string{first, second, first} {
		w.Expect(w.send("GET", "/user", "", token).Status).To(Equal(200))
	}
	a := w.send("GET", "/user", "", second)
	w.Expect(a.Status).To(Equal(403))
	w.Expect(a.Text("message")).To(HavePrefix("API rate limit exceeded for user ID "))
	w.Expect(w.Violations()).To(Equal(1))
	w.Expect(w.send("GET", "/user", "", mona).Status).To(Equal(200))
	calls := w.Calls()
	w.Expect(string(calls[len(calls)-1].ResponseBody)).NotTo(ContainSubstring("ghp_"))
}

func TestABodyThatIsCutHasTakenEffect(t *testing.T) {
	w := asUser(t)
	w.Inject(github.Fault{CutBody: true})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL()+statuses+sha, strings.NewReader(`{"state":"success"}`))
	w.Expect(err).NotTo(HaveOccurred())
	r.Header.Set("Authorization", "token "+w.token)
	response, err := w.client.HTTP.Do(r)
	w.Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	w.Expect(err).To(HaveOccurred())
	w.Expect(w.Statuses("acme/shop", sha)).To(HaveLen(1))
	calls := w.Calls()
	w.Expect(calls[len(calls)-1].Lost).To(BeTrue())
	w.Expect(calls[len(calls)-1].Status).To(Equal(201))
}
