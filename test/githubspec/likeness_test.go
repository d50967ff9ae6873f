package githubspec_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/githubspec"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// asker calls a fake GitHub by a plain token.
type asker struct {
	*WithT
	github *github.Server
	token  string
}

func newAsker(t *testing.T, opts ...github.UserOption) *asker {
	t.Helper()
	s := github.New()
	t.Cleanup(s.Close)
	return &asker{WithT: NewWithT(t), github: s, token: s.AddUser("octocat", opts...)}
}

// ask sends a call, and returns what the ledger has of it.
func (a *asker) ask(method, path string, body []byte) github.Call {
	request, err := http.NewRequest(method, a.github.URL()+path, strings.NewReader(string(body)))
	a.Expect(err).NotTo(HaveOccurred())
	request.Header.Set("Authorization", "Bearer "+a.token)
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	a.Expect(err).NotTo(HaveOccurred())
	_, err = io.Copy(io.Discard, response.Body)
	a.Expect(err).NotTo(HaveOccurred())
	a.Expect(response.Body.Close()).To(Succeed())
	calls := a.github.Calls()
	return calls[len(calls)-1]
}

func TestTheFakesCheckRunsAreLikeGitHubs(t *testing.T) {
	same := &comparison{known: []difference{
		{".check_suite.*", onlyGitHub, "a webhook has the whole suite, an answer of the API its number alone"},
		{".deployment", onlyGitHub, "no run of the fake is a deployment's"},
		{".pull_requests[]", onlyGitHub, "no commit of the fake is in a pull request"},
		{".app.permissions.*", onlyGitHub, "each App has its own"},
		{".app.permissions", onlyFake, "the webhooks of 2018 lack it"},
		{".app.events[]", onlyGitHub, "each App has its own"},
		{".app.events", onlyFake, "the webhooks of 2018 lack it"},
		{".app.slug", onlyFake, "it is younger than some of the webhooks"},
		{".app.client_id", onlyFake, "it is younger than the webhooks"},
		{".app.description", otherKind, "an App's maker may give none"},
		{".node_id", onlyFake, "the webhooks of 2018 lack it"},
		{".details_url", onlyFake, "the webhooks of 2018 lack it"},
	}}
	for _, run := range checkRuns(t) {
		a := newAsker(t)
		a.github.AddRepo(run.repository, run.HeadSHA)
		id := a.github.AddCheckRun(github.CheckRun{
			Repository: run.repository, HeadSHA: run.HeadSHA, Name: run.Name, Status: run.Status, Conclusion: run.Conclusion,
			Title: run.Output.Title, Summary: run.Output.Summary, Text: run.Output.Text, ExternalID: run.ExternalID, AppID: run.App.ID,
		})
		call := a.ask("GET", fmt.Sprintf("/repos/%s/check-runs/%d", run.repository, id), nil)
		a.Expect(call.Status).To(Equal(200))
		t.Run(run.of, func(t *testing.T) { same.compare(t, run.raw, call.ResponseBody) })

		faked := read[checkRun](t, call.ResponseBody)
		a.Expect(faked.DetailsURL).To(Equal(faked.App.ExternalURL), "where none was given")
		faked.of, faked.action, faked.repository, faked.raw = run.of, run.action, run.repository, run.raw
		faked.ID, faked.DetailsURL, faked.App.ExternalURL = run.ID, run.DetailsURL, run.App.ExternalURL
		faked.Output.Annotations = run.Output.Annotations
		a.Expect(faked).To(Equal(run))
	}
	same.over(t)
}

func TestTheFakesStatusesAreLikeGitHubs(t *testing.T) {
	same := &comparison{known: []difference{
		{".repository", onlyGitHub, "the fake leaves it out of a combined status, which the hub does not read"},
	}}
	writes := exchanges(t, "create-status", "POST", "/statuses/")
	commit := commitOf(t, writes[0])
	a := newAsker(t, github.WithScopes(strings.Split(writes[0].Header.Get("X-OAuth-Scopes"), ", ")...))
	a.github.AddRepo(commit.Repository, commit.SHA)
	again := func(e githubspec.Exchange) []byte {
		call := a.ask(e.Method, e.Path, e.RequestBody)
		a.Expect(call.Status).To(Equal(e.Status), "%s", call.ResponseBody)
		same.compare(t, e.Body, call.ResponseBody)
		likeHeaders(a.WithT, e.Header, call.ResponseHeader, e.Method)
		return call.ResponseBody
	}
	// who and where are their own.
	shown := func(status commitStatus) commitStatus { status.ID, status.Creator = 0, nil; return status }
	for _, e := range writes {
		a.Expect(shown(read[commitStatus](t, again(e)))).To(Equal(shown(read[commitStatus](t, e.Body))))
	}

	list := exchanges(t, "create-status", "GET", "/statuses")[0]
	githubs, fakes := read[[]commitStatus](t, list.Body), read[[]commitStatus](t, again(list))
	a.Expect(fakes).To(HaveLen(len(githubs)))
	for i := range githubs {
		a.Expect(shown(fakes[i])).To(Equal(shown(githubs[i])), "the newest is the first")
	}

	combined := exchanges(t, "create-status", "GET", "/status")
	e := combined[len(combined)-1]
	a.Expect(e.Path).To(HaveSuffix("/status"))
	type whole struct {
		State    string
		SHA      string
		Count    int `json:"total_count"`
		Statuses []commitStatus
	}
	githubsAll, fakesAll := read[whole](t, e.Body), read[whole](t, again(e))
	for i := range fakesAll.Statuses {
		fakesAll.Statuses[i], githubsAll.Statuses[i] = shown(fakesAll.Statuses[i]), shown(githubsAll.Statuses[i])
	}
	a.Expect(fakesAll).To(Equal(githubsAll))
	same.over(t)
}

func TestTheFakesRefusalsAreLikeGitHubs(t *testing.T) {
	same := &comparison{known: []difference{
		{".status", onlyFake, "it is younger than the recordings"},
		{".errors[].message", onlyFake, "GitHub has it where the code is custom, which is not recorded"},
		{".request_id", onlyGitHub, "the host for uploads has it"},
	}}
	writes := exchanges(t, "create-status", "POST", "/statuses/")
	commit := commitOf(t, writes[0])
	a := newAsker(t, github.WithScopes(strings.Split(writes[0].Header.Get("X-OAuth-Scopes"), ", ")...))
	a.github.AddRepo(commit.Repository, commit.SHA)

	invalid := a.ask("POST", writes[0].Path, []byte(`{"state":"done"}`))
	missing := a.ask("GET", "/repos/acme/none/commits/"+sha+"/statuses", nil)
	s, key := server(t)
	w := newCaller(t, s, key)
	w.Expect(w.send(w.installed, "POST", runs, `{"name":"n","head_sha":"`+sha+`","details_url":""}`)).To(Equal(422))
	w.Expect(w.send(w.installed, "PATCH", runs+"/7", `{}`)).To(Equal(404))
	all := s.Calls()

	for _, of := range []struct {
		githubs githubspec.Exchange
		fakes   []github.Call
		tokens  bool
	}{
		{refusal(t, "errors", 422), []github.Call{invalid, all[len(all)-2]}, true},
		{refusal(t, "release-assets-conflict", 422), []github.Call{invalid, all[len(all)-2]}, false},
		{refusal(t, "branch-protection", 404), []github.Call{missing, all[len(all)-1]}, true},
	} {
		for _, call := range of.fakes {
			a.Expect(call.Status).To(Equal(of.githubs.Status))
			same.compare(t, of.githubs.Body, call.ResponseBody)
		}
		if of.tokens {
			likeHeaders(a.WithT, of.githubs.Header, of.fakes[0].ResponseHeader, of.githubs.Method)
		}
		if of.githubs.Status == 422 {
			text := func(body []byte) string { return read[struct{ Message string }](t, body).Message }
			for _, call := range of.fakes {
				a.Expect(text(call.ResponseBody)).To(Equal(text(of.githubs.Body)))
			}
		}
	}
	same.over(t)
}

// likeHeaders holds the fake's headers against GitHub's.
func likeHeaders(g *WithT, githubs, fakes http.Header, method string) {
	// Which scopes a call takes is nothing that the hub reads.
	lacking := []string{"X-Accepted-Oauth-Scopes"}
	if method != "GET" {
		// The hub asks for nothing again that it has written, and reads its number in the body.
		lacking = append(lacking, "Etag", "Location")
	}
	for _, name := range missingIn(fakes, githubs) {
		g.Expect(lacking).To(ContainElement(name))
	}
	for _, header := range []http.Header{githubs, fakes} {
		budget := toldBy(g, header)
		g.Expect(budget.remaining+budget.used).To(Equal(budget.limit), "used and remaining")
		g.Expect(budget.reset).To(BeTemporally("~", budget.now.Add(30*time.Minute), 31*time.Minute), "within an hour, by the server's clock")
		g.Expect(budget.limit).To(BeEquivalentTo(5000))
		g.Expect(budget.resource).To(Equal("core"))
		g.Expect(header.Get("Content-Type")).To(Equal("application/json; charset=utf-8"))
	}
	g.Expect(fakes.Get("X-OAuth-Scopes")).To(Equal(githubs.Get("X-OAuth-Scopes")))
}
