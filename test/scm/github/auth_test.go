package github_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

func TestInstallationTokens_AreJWTsBehindThePrefixAndTheApp(t *testing.T) {
	w := newWorld(t)
	other := w.issue(w.key, app, installation)
	for _, token := range []string{w.token, other} {
		w.Expect(token).To(MatchRegexp(`^ghs_%d_eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`, app))
		w.Expect(len(token)).To(BeNumerically("~", 520, 20))
		w.Expect(w.send("GET", repo+"/commits/"+sha+"/check-runs", "", token).Status).To(Equal(200))
		changed := token[:len(token)-8] + "AAAAAAAA"
		w.Expect(w.send("GET", repo+"/commits/"+sha+"/check-runs", "", changed).Status).To(Equal(401))
	}
	w.Expect(other).NotTo(Equal(w.token))
}

func TestOnlyAGoodJWTGetsAToken(t *testing.T) {
	w := newWorld(t)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	w.Expect(err).NotTo(HaveOccurred())
	now := w.clock.Now().Unix()
	with := func(name string, value any) claims {
		c := w.claims(app)
		c[name] = value
		return c
	}
	good := w.claims(app)
	for name, tc := range map[string]struct {
		credential string
		status     int
		message    string
	}{
		"good":                    {sign(w.key, "RS256", good), 201, ""},
		"issuer as a number":      {sign(w.key, "RS256", with("iss", app)), 201, ""},
		"ends in ten minutes":     {sign(w.key, "RS256", with("exp", now+600)), 201, ""},
		"none":                    {"", 401, "could not be decoded"},
		"not a JWT":               {"x", 401, "could not be decoded"},
		"another key":             {sign(stranger, "RS256", good), 401, "could not be decoded"},
		"another algorithm":       {sign(w.key, "HS256", good), 401, "could not be decoded"},
		"tampered":                {sign(w.key, "RS256", good) + "AAAA", 401, "could not be decoded"},
		"an installation's token": {w.token, 401, "could not be decoded"},
		"no issuer":               {sign(w.key, "RS256", with("iss", nil)), 401, "'iss'"},
		"unknown app":             {sign(w.key, "RS256", with("iss", "99")), 404, "Integration not found"},
		"issued in the future":    {sign(w.key, "RS256", with("iat", now+30)), 401, "'iat'"},
		"issued at a fraction":    {sign(w.key, "RS256", with("iat", float64(now)-0.5)), 401, "'iat'"},
		"expired":                 {sign(w.key, "RS256", with("exp", now-1)), 401, "'exp'"},
		"ends beyond ten minutes": {sign(w.key, "RS256", with("exp", now+660)), 401, "too far in the future"},
		"ends at no time":         {sign(w.key, "RS256", with("exp", nil)), 401, "'exp'"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			for _, call := range [][2]string{{"POST", "/app/installations/678/access_tokens"}, {"GET", repo + "/installation"}} {
				want := tc.status
				if want == 201 && call[0] == "GET" {
					want = 200
				}
				a := w.send(call[0], call[1], "", tc.credential)
				g.Expect(a.Status).To(Equal(want), a.Body)
				g.Expect(a.Text("message")).To(ContainSubstring(tc.message))
			}
		})
	}
}

func TestANewKeyReplacesTheOld(t *testing.T) {
	w := newWorld(t)
	key := w.parse(w.AddApp(app))
	w.Expect(w.send("GET", "/app", "", sign(w.key, "RS256", w.claims(app))).Status).To(Equal(401))
	a := w.send("GET", "/app", "", sign(key, "RS256", w.claims(app)))
	w.Expect(a.Status).To(Equal(200))
	w.Expect(a.Number("id")).To(BeEquivalentTo(app))
}

func TestATokenIsForAnInstallationOfTheApp(t *testing.T) {
	w := newWorld(t)
	stranger := w.parse(w.AddApp(99))
	w.Install(99, 700, "other")
	for path, key := range map[string]*rsa.PrivateKey{
		"/app/installations/1/access_tokens":   w.key,
		"/app/installations/x/access_tokens":   w.key,
		"/app/installations/700/access_tokens": w.key,
	} {
		w.Expect(w.send("POST", path, "", sign(key, "RS256", w.claims(app))).Status).To(Equal(404), path)
	}
	w.Expect(w.send("POST", "/app/installations/678/access_tokens", "", sign(stranger, "RS256", w.claims(99))).Status).To(Equal(404))
}

func TestATokenLivesOneHour(t *testing.T) {
	w := newWorld(t)
	w.clock.Step(time.Hour - time.Second)
	w.Expect(w.create("").Status).To(Equal(201))
	w.clock.Step(time.Second)
	a := w.create("")
	w.Expect(a.Status).To(Equal(401))
	w.Expect(a.Text("message")).To(Equal("Bad credentials"))

	w.token = w.issue(w.key, app, installation)
	w.ExpireTokens()
	w.Expect(w.create("").Status).To(Equal(401))
}

func TestATokenCanBeNarrowed(t *testing.T) {
	w := newWorld(t)
	w.AddRepo("acme/other", sha)
	ask := func(body string) answer {
		return w.send("POST", "/app/installations/678/access_tokens", body, sign(w.key, "RS256", w.claims(app)))
	}
	w.Expect(ask(`{"permissions":{"contents":"write"}}`).Status).To(Equal(422))
	w.Expect(ask(`{"repositories":["none"]}`).Status).To(Equal(422))
	w.Expect(ask(`{`).Status).To(Equal(400))

	w.token = ask(`{"permissions":{"checks":"read"}}`).Text("token")
	w.Expect(w.create("").Status).To(Equal(403))
	w.token = ask(`{"repositories":["other"]}`).Text("token")
	w.Expect(w.create("").Status).To(Equal(404))
}

func TestAnInstallationIsFoundWhereItIs(t *testing.T) {
	w := newWorld(t)
	w.Install(app, 700, "Jane", github.ForUser())
	w.AddRepo("jane/blog", sha)
	jwt := sign(w.key, "RS256", w.claims(app))
	for path, id := range map[string]int64{
		"/repos/ACME/Shop/installation": 678,
		"/repos/jane/blog/installation": 700,
		"/orgs/acme/installation":       678,
		"/users/jane/installation":      700,
		"/repos/acme/none/installation": 0,
		"/orgs/none/installation":       0,
		"/orgs/jane/installation":       0,
		"/users/acme/installation":      0,
	} {
		a := w.send("GET", path, "", jwt)
		if id == 0 {
			w.Expect(a.Status).To(Equal(404), path)
			continue
		}
		w.Expect(a.Status).To(Equal(200), path)
		w.Expect(a.Number("id")).To(Equal(id), path)
	}
}

func TestWhatAnInstallationCannotReachIsNotThere(t *testing.T) {
	w := newWorld(t)
	w.AddRepo("other/shop", sha)
	w.Install(app, 701, "reader", github.WithoutChecksWrite())
	w.AddRepo("reader/shop", sha)
	body := `{"name":"test","head_sha":"` + sha + `"}`
	reader := w.issue(w.key, app, 701)
	for _, tc := range []struct {
		path, token, message string
		status               int
	}{
		{repo, "", "Requires authentication", 401},
		{repo, "ghp_someone", "Bad credentials", 401},
		{repo, sign(w.key, "RS256", w.claims(app)), "Bad credentials", 401},
		{"/repos/other/shop", w.token, "Not Found", 404},
		{"/repos/acme/none", w.token, "Not Found", 404},
		{"/repos/reader/shop", reader, "Resource not accessible by integration", 403},
	} {
		a := w.send("POST", tc.path+"/check-runs", body, tc.token)
		w.Expect(a.Status).To(Equal(tc.status), "%s: %s", tc.path, a.Body)
		w.Expect(a.Text("message")).To(Equal(tc.message))
		w.Expect(a.Text("documentation_url")).To(HavePrefix("https://docs.github.com/rest"))
	}
	w.Expect(w.send("GET", "/repos/reader/shop/commits/"+sha+"/check-runs", "", reader).Status).To(Equal(http.StatusOK))

	w.Install(app, installation, "acme", github.WithoutChecksWrite())
	w.Expect(w.create("").Status).To(Equal(403), "a token does not outlive the permission")
	w.Install(app, installation, "acme")
	w.RemoveRepo("acme/shop")
	w.Expect(w.create("").Status).To(Equal(404))
	w.Uninstall(installation)
	w.Expect(w.create("").Status).To(Equal(401))
}

func TestATokenThatLagsIsRefusedForAWhile(t *testing.T) {
	w := newWorld(t)
	w.LagTokens(2 * time.Second)
	lagging := w.issue(w.key, app, installation)
	list := repo + "/commits/" + sha + "/check-runs"
	w.Expect(w.send("GET", list, "", lagging).Status).To(Equal(401))
	w.Expect(w.send("GET", list, "", w.token).Status).To(Equal(200), "older tokens are good")
	w.clock.Step(2 * time.Second)
	w.Expect(w.send("GET", list, "", lagging).Status).To(Equal(200))
}

func TestATokenKeepsThePermissionsThatItWasMadeWith(t *testing.T) {
	w := newWorld(t)
	w.Install(app, installation, "acme", github.WithoutChecksWrite())
	old := w.issue(w.key, app, installation)
	w.Install(app, installation, "acme")
	create := `{"name":"x","head_sha":"` + sha + `"}`
	a := w.send("POST", repo+"/check-runs", create, old)
	w.Expect(a.Status).To(Equal(403))
	w.Expect(a.Text("message")).To(Equal("Resource not accessible by integration"))
	w.Expect(w.send("POST", repo+"/check-runs", create, w.issue(w.key, app, installation)).Status).To(Equal(201))
}

func TestASuspendedInstallationIsLetInAgain(t *testing.T) {
	w := newWorld(t)
	list := repo + "/commits/" + sha + "/check-runs"
	w.Suspend(installation, true)
	for _, a := range []answer{
		w.send("GET", list, "", w.token),
		w.send("POST", "/app/installations/678/access_tokens", "", sign(w.key, "RS256", w.claims(app))),
	} {
		w.Expect(a.Status).To(Equal(403))
		w.Expect(a.Text("message")).To(Equal("This installation has been suspended"))
	}
	w.Suspend(installation, false)
	w.Expect(w.send("GET", list, "", w.token).Status).To(Equal(200))
}

func TestAnInstallationThatIsMadeAnewHasAnotherNumber(t *testing.T) {
	w := newWorld(t)
	w.Uninstall(installation)
	w.Install(app, 999, "acme")
	jwt := sign(w.key, "RS256", w.claims(app))
	w.Expect(w.send("POST", "/app/installations/678/access_tokens", "", jwt).Status).To(Equal(404))
	w.Expect(w.send("GET", repo+"/commits/"+sha+"/check-runs", "", w.token).Status).To(Equal(401), "the old one's token is none")
	w.Expect(w.send("GET", repo+"/installation", "", jwt).Number("id")).To(BeEquivalentTo(999))
	w.Expect(w.send("GET", repo+"/commits/"+sha+"/check-runs", "", w.issue(w.key, app, 999)).Status).To(Equal(200))
}

func TestARepositoryThatHasMovedRedirects(t *testing.T) {
	w := newWorld(t)
	w.client.StayPut()
	run := w.create("").Number("id")
	w.MoveRepo("acme/shop", "acme/market")
	jwt := sign(w.key, "RS256", w.claims(app))
	for _, tc := range []struct {
		method, path, token string
		status              int
	}{
		{"GET", repo, w.token, 301},
		{"GET", repo + "/commits/" + sha + "/check-runs", w.token, 301},
		{"GET", repo + "/installation", jwt, 301},
		{"POST", repo + "/check-runs", w.token, 307},
		{"PATCH", repo + "/check-runs/1", w.token, 307},
	} {
		a := w.send(tc.method, tc.path, "{}", tc.token)
		w.Expect(a.Status).To(Equal(tc.status), "%s %s", tc.method, tc.path)
		to := strings.Replace(a.Header.Get("Location"), w.URL(), "", 1)
		w.Expect(to).To(MatchRegexp(`^/repositories/\d+` + strings.TrimPrefix(tc.path, repo) + "$"))
		if tc.method == "GET" {
			w.Expect(w.send(tc.method, to, "", tc.token).Status).To(Equal(200), to)
		}
	}
	w.Expect(w.CheckRuns("acme/shop", sha)).To(BeEmpty())
	w.Expect(w.CheckRuns("acme/market", sha)).To(HaveLen(1))
	w.Expect(w.CheckRuns("acme/market", sha)[0].ID).To(Equal(run))
	w.Expect(w.send("GET", "/repos/acme/market", "", w.token).Text("full_name")).To(Equal("acme/market"))

	w.AddRepo("acme/shop", sha)
	w.Expect(w.send("GET", repo, "", w.token).Status).To(Equal(200), "another one under the old name")
}
