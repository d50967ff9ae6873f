package githubspec_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bradleyfalzon/ghinstallation/v2"
	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// caller sends raw calls: as nobody, as the app itself, or with a token of its
// installation.
type caller struct {
	*WithT
	url                    string
	nobody, app, installed *http.Client
}

func newCaller(t *testing.T, s *github.Server, key []byte) *caller {
	t.Helper()
	g := NewWithT(t)
	wire := &http.Transport{}
	t.Cleanup(wire.CloseIdleConnections)
	asApp, err := ghinstallation.NewAppsTransport(wire, app, key)
	g.Expect(err).NotTo(HaveOccurred())
	asApp.BaseURL = s.URL()
	return &caller{
		WithT:     g,
		url:       s.URL(),
		nobody:    &http.Client{Transport: wire},
		app:       &http.Client{Transport: asApp},
		installed: &http.Client{Transport: ghinstallation.NewFromAppsTransport(asApp, installation)},
	}
}

func (c *caller) send(by *http.Client, method, path, body string, header ...string) int {
	request, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	c.Expect(err).NotTo(HaveOccurred())
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := by.Do(request)
	c.Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	c.Expect(err).NotTo(HaveOccurred())
	return response.StatusCode
}

const (
	runs    = "/repos/acme/shop/check-runs"
	output  = `"output":{"title":"t","summary":"s"}`
	details = `"details_url":"https://ci.example.com/run/42"`
)

// bodies are what is said of a run in every phase.
var bodies = []string{
	`"status":"queued"`,
	`"status":"in_progress","started_at":"2026-11-23T10:00:00Z"`,
	`"status":"completed","conclusion":"success"`,
	`"conclusion":"failure"`,
	`"conclusion":"cancelled","completed_at":"2026-11-23T10:00:00Z"`,
	`"conclusion":"neutral"`,
	`"conclusion":"skipped"`,
	`"conclusion":"timed_out"`,
	`"conclusion":"action_required"`,
	output,
	details,
	`"external_id":"0123456789abcdef",` + output + `,` + details,
}

func TestWhatTheFakeTakesAndAnswersIsValid(t *testing.T) {
	c := checker(t)
	s, key := server(t)
	w := newCaller(t, s, key)
	for _, body := range bodies {
		w.Expect(w.send(w.installed, "POST", runs, `{"name":"n","head_sha":"`+sha+`",`+body+`}`)).To(Equal(201), body)
	}
	for _, first := range bodies {
		w.Expect(w.send(w.installed, "POST", runs, `{"name":"n","head_sha":"`+sha+`",`+first+`}`)).To(Equal(201))
		all := s.CheckRuns(repository, sha)
		run := fmt.Sprintf("%s/%d", runs, all[len(all)-1].ID)
		for _, body := range bodies {
			w.Expect(w.send(w.installed, "PATCH", run, `{`+body+`}`)).To(Equal(200), "%s to %s", first, body)
		}
		w.Expect(w.send(w.installed, "GET", run, "")).To(Equal(200))
	}
	for _, query := range []string{
		"", "?filter=latest", "?filter=all&per_page=2&page=2", "?check_name=n&app_id=12345&status=completed", "?check_name=none",
	} {
		w.Expect(w.send(w.installed, "GET", "/repos/Acme/shop/commits/"+sha+"/check-runs"+query, "")).To(Equal(200), query)
	}
	w.Expect(w.send(w.app, "POST", "/app/installations/678/access_tokens", `{"repositories":["shop"],"permissions":{"checks":"write"}}`)).To(Equal(201))
	for _, path := range []string{"/app", "/repos/acme/shop/installation", "/orgs/acme/installation", "/users/jane/installation"} {
		w.Expect(w.send(w.app, "GET", path, "")).To(Equal(200), path)
	}
	calls := s.Calls()
	valid(t, c, calls)

	tag := calls[len(calls)-1].ResponseHeader.Get("ETag")
	w.Expect(tag).NotTo(BeEmpty())
}

func TestWhatTheDescriptionRefusesTheFakeRefuses(t *testing.T) {
	c := checker(t)
	s, key := server(t)
	w := newCaller(t, s, key)
	head := `"name":"n","head_sha":"` + sha + `"`
	for _, body := range []string{
		`{"head_sha":"` + sha + `"}`,
		`{"name":"n"}`,
		`{"name":null,"head_sha":"` + sha + `"}`,
		`{` + head + `,"status":"done"}`,
		`{` + head + `,"status":"waiting"}`,
		`{` + head + `,"conclusion":"canceled"}`,
		`{` + head + `,"details_url":null}`,
		`{` + head + `,"external_id":7}`,
		`{` + head + `,"started_at":"noon"}`,
		`{` + head + `,"output":{"title":"t"}}`,
		`{` + head + `,"output":{"summary":"s"}}`,
		`{` + head + `,"output":{"title":"t","summary":"` + strings.Repeat("x", 65536) + `"}}`,
		`{` + head + `,"output":{"title":"t","summary":"s","text":"` + strings.Repeat("x", 65536) + `"}}`,
	} {
		w.Expect(w.send(w.installed, "POST", runs, body)).To(Equal(422), "%.200s", body)
	}
	w.Expect(w.send(w.installed, "POST", runs, `{`+head+`}`)).To(Equal(201))
	run := fmt.Sprintf("%s/%d", runs, s.CheckRuns(repository, sha)[0].ID)
	for _, body := range []string{`{"status":"completed"}`, `{"status":"done"}`, `{"conclusion":"canceled"}`, `{"output":{"title":"t"}}`} {
		w.Expect(w.send(w.installed, "PATCH", run, body)).To(Equal(422), body)
	}
	for _, query := range []string{"?filter=some", "?status=done", "?app_id=x"} {
		w.Expect(w.send(w.installed, "GET", "/repos/acme/shop/commits/"+sha+"/check-runs"+query, "")).To(Equal(422), query)
	}
	for _, call := range s.Calls() {
		if call.Status != 422 {
			continue
		}
		w.Expect(c.Check(call)).To(Succeed())
		call.Status = http.StatusOK
		w.Expect(c.Check(call)).To(MatchError(ContainSubstring("request:")), "the description refuses %.200s%s", call.RequestBody, call.Query)
	}
}

func TestRefusalsHaveGitHubsForm(t *testing.T) {
	c := checker(t)
	s, key := server(t)
	w := newCaller(t, s, key)
	head := `{"name":"n","head_sha":"` + sha + `"}`
	// The token keeps the permissions that the installation has when it is made.
	w.Expect(w.send(w.installed, "POST", runs, head)).To(Equal(201))
	for status, call := range map[int]func() int{
		400: func() int { return w.send(w.installed, "POST", runs, `{`) },
		401: func() int { return w.send(w.nobody, "POST", runs, head) },
		403: func() int {
			s.Install(app, installation, "acme", github.WithoutChecksWrite())
			defer s.Install(app, installation, "acme")
			return w.send(w.installed, "POST", runs, head)
		},
		404: func() int { return w.send(w.installed, "POST", "/repos/acme/none/check-runs", head) },
		422: func() int {
			return w.send(w.installed, "POST", runs, `{"name":"n","head_sha":"`+sha+`","details_url":""}`)
		},
	} {
		w.Expect(call()).To(Equal(status))
	}
	w.Expect(w.send(w.app, "GET", "/orgs/none/installation", "")).To(Equal(404))
	w.Expect(w.send(w.nobody, "POST", "/app/installations/678/access_tokens", "")).To(Equal(401))
	w.Expect(w.send(w.app, "POST", "/app/installations/1/access_tokens", "")).To(Equal(404))
	valid(t, c, s.Calls())
}

func TestLimitsHaveGitHubsForm(t *testing.T) {
	c := checker(t)
	s, key := server(t, github.WithLimits(github.Limits{RequestsPerHour: 3, WritesPerMinute: 1}))
	w := newCaller(t, s, key)
	head := `{"name":"n","head_sha":"` + sha + `"}`
	for _, status := range []int{201, 403} {
		w.Expect(w.send(w.installed, "POST", runs, head)).To(Equal(status))
	}
	for _, status := range []int{200, 200, 403} {
		w.Expect(w.send(w.installed, "GET", "/repos/acme/shop/commits/"+sha+"/check-runs", "")).To(Equal(status))
	}
	w.Expect(s.Violations()).To(Equal(4), "a write too many, then three reads in spite of its Retry-After")
	valid(t, c, s.Calls())
}

func TestAKnownAnswerIsValid(t *testing.T) {
	c := checker(t)
	s, key := server(t)
	w := newCaller(t, s, key)
	list := "/repos/acme/shop/commits/" + sha + "/check-runs"
	w.Expect(w.send(w.installed, "GET", list, "")).To(Equal(200))
	calls := s.Calls()
	tag := calls[len(calls)-1].ResponseHeader.Get("ETag")
	w.Expect(w.send(w.installed, "GET", list, "", "If-None-Match", tag)).To(Equal(304))
	valid(t, c, s.Calls())
}

func TestTheCheckerSeesWhatIsWrong(t *testing.T) {
	c := checker(t)
	s, key := server(t)
	w := newCaller(t, s, key)
	w.Expect(w.send(w.installed, "POST", runs, `{"name":"n","head_sha":"`+sha+`","conclusion":"success"}`)).To(Equal(201))
	w.Expect(w.send(w.installed, "POST", runs, `{}`)).To(Equal(422))
	calls := s.Calls()
	token, created, refused := calls[0], calls[1], calls[2]
	valid(t, c, calls)

	w.Expect(c.Check(changed(created, `"conclusion":"success"`, `"conclusion":"fine"`))).To(MatchError(ContainSubstring("request:")))
	null := created
	null.RequestBody = []byte("null")
	w.Expect(c.Check(null)).To(MatchError(ContainSubstring("request:")), "null is no body only where none is needed")
	answered := created
	answered.ResponseBody = []byte(strings.Replace(string(created.ResponseBody), `"completed"`, `"done"`, 1))
	w.Expect(c.Check(answered)).To(MatchError(ContainSubstring("answer:")))
	answered.ResponseBody = []byte(`{}`)
	w.Expect(c.Check(answered)).To(MatchError(ContainSubstring("answer:")))
	w.Expect(c.Check(changed(token, `"token"`, `"tok"`))).To(MatchError(ContainSubstring("answer:")))
	w.Expect(c.Check(changed(refused, `"message"`, `"text"`))).To(MatchError(ContainSubstring("refusal:")))
	created.Status = 200
	w.Expect(c.Check(created)).To(MatchError(ContainSubstring("answer:")), "a creation is answered 201")
	created.Path = "/repos/acme/shop/statuses/" + sha
	w.Expect(c.Check(created)).To(MatchError(ContainSubstring("no such call")))

	injected := github.Call{Method: "POST", Path: runs, Status: 502, Injected: true, ResponseBody: []byte("down"), RequestHeader: calls[1].RequestHeader}
	injected.RequestBody = calls[1].RequestBody
	w.Expect(c.Check(injected)).To(Succeed(), "a fault's answer is nobody's contract")
	injected.RequestBody = []byte(`{}`)
	w.Expect(c.Check(injected)).To(MatchError(ContainSubstring("request:")))
}
