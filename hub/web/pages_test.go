package web

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

func TestCommit_ShowsEachClaimByCluster(t *testing.T) {
	s := filled(t)
	page := read[CommitPage](s, "/api/v1"+commit)
	s.g.Expect(page.Repo).To(Equal("github.com/Acme/Shop"))
	s.g.Expect(page.SHA).To(Equal(ledgertest.SHA))
	s.g.Expect(page.Total).To(Equal(2))
	build := page.Names[0]
	s.g.Expect(build).To(And(
		HaveField("Name", "build"), HaveField("Owner", "prod-eu/team-a/build"), HaveField("Certain", true),
		HaveField("Shown", HaveValue(Equal(Status{Phase: "success"}))), HaveField("Wanted", HaveValue(Equal(Status{Phase: "success"}))),
		HaveField("ScmProvider", "acme"), HaveField("Installation", installation), HaveField("ClaimsTotal", 3)))
	s.g.Expect(build.Claims).To(HaveExactElements(
		And(HaveField("ID", "prod-eu/team-a/build"), HaveField("IsOwner", true), HaveField("Reason", "Synced")),
		And(HaveField("ID", "prod-us/team-a/build"), HaveField("Phase", "failure"), HaveField("Reason", "Conflict"),
			HaveField("Message", ContainSubstring("as prod-eu/team-a/build wants it"))),
		And(HaveField("ID", "test-1/team-a/build"), HaveField("Ready", "False"), HaveField("Reason", "Denied"),
			HaveField("Message", ContainSubstring("no grant of ScmProvider acme")))))
	deploy := page.Names[1]
	s.g.Expect(deploy.Shown).To(BeNil())
	s.g.Expect(deploy.Wanted).To(HaveValue(Equal(Status{Phase: "in_progress"})))
	s.g.Expect(deploy.Next.What).To(Equal("write"))

	response, body := s.get(commit)
	s.g.Expect(response.StatusCode).To(Equal(http.StatusOK))
	for _, words := range []string{"prod-us/team-a/build", "no grant of ScmProvider acme", "It is written in its turn", "troubleshooting.md#denied"} {
		s.g.Expect(body).To(ContainSubstring(words))
	}
}

func TestCommit_IsFoundInAnySpellingThatTheSCMTakesForTheSame(t *testing.T) {
	s := filled(t)
	for _, path := range []string{"GitHub.com/ACME/shop/", "github.com/acme/SHOP/"} {
		s.g.Expect(read[CommitPage](s, "/api/v1/commits/"+path+strings.ToUpper(ledgertest.SHA)).Total).To(Equal(2), path)
	}
}

func TestCommit_HasAPageForRefusedClaimsAlone(t *testing.T) {
	s := newSite(t)
	s.claims("stage-1", named("lint", v1alpha1.PhaseSuccess))
	page := read[CommitPage](s, "/api/v1"+commit)
	s.g.Expect(page.Names).To(HaveExactElements(And(
		HaveField("Name", "lint"), HaveField("Wanted", BeNil()), HaveField("Next.What", "nothing"),
		HaveField("Claims", HaveExactElements(HaveField("Reason", "Denied"))))))
}

func TestCommit_OfOneNameShowsAllOfItsClaims(t *testing.T) {
	s := newSite(t)
	for i := range 130 {
		s.claims(fmt.Sprintf("prod-%03d", i), named("build", v1alpha1.PhaseQueued))
	}
	s.claims("prod-a", named("other", v1alpha1.PhaseQueued))
	all := read[CommitPage](s, "/api/v1"+commit)
	s.g.Expect(all.Names[0].Claims).To(HaveLen(claimRows))
	s.g.Expect(all.Names[0].ClaimsTotal).To(Equal(130))
	seen := map[string]bool{}
	for page := range 3 {
		one := read[CommitPage](s, fmt.Sprintf("/api/v1%s?name=build&page=%d", commit, page+1))
		s.g.Expect(one.Names).To(HaveLen(1))
		for _, c := range one.Names[0].Claims {
			seen[c.ID] = true
		}
	}
	s.g.Expect(seen).To(HaveLen(130))
	_, body := s.get(commit)
	s.g.Expect(body).To(ContainSubstring("All 130 claims"))
}

func TestCommit_TellsDriftAndWhatComesNext(t *testing.T) {
	s := newSite(t)
	s.SetScmProvider("acme", ledgertest.Opened(lane{}, ledgertest.Granting(ledgertest.AllowAll()), ledgertest.Comparing(10*time.Minute, false)))
	s.claims("prod-eu", named("build", v1alpha1.PhaseSuccess))
	key := keyOf("build")
	s.shows(key, v1alpha1.PhaseSuccess)
	s.Advance(key)
	next := read[CommitPage](s, "/api/v1"+commit).Names[0].Next
	s.g.Expect(next.What).To(Equal("check"))
	s.g.Expect(next.At).To(BeTemporally("~", s.Clock.Now().Add(10*time.Minute), 2*time.Minute))

	s.Clock.Step(12 * time.Minute)
	job, _, _ := s.Job(key)
	check := s.BeginDriftCheck(key, job)
	s.DriftChecked(key, job, check, providers.Listing{Statuses: map[string]providers.Listed{
		"build": {Shown: providers.Shown{Status: providers.Status{Phase: v1alpha1.PhaseFailure}}},
	}})
	drifted := read[CommitPage](s, "/api/v1"+commit).Names[0]
	s.g.Expect(drifted.Drift).To(ContainSubstring("phase is failure in GitHub, success here"))
	_, body := s.get(commit)
	s.g.Expect(body).To(ContainSubstring("phase is failure in GitHub, success here"))
}

func TestOverview_SaysWhatIsWrong(t *testing.T) {
	s := filled(t)
	page := read[Overview](s, "/api/v1/")
	s.g.Expect(page.Version).To(Equal("v1.2.3"))
	s.g.Expect(page.Counts).To(Equal(Counts{Members: 64, Connected: 63, Objects: 4, NotReady: 2, Statuses: 2, Conflicting: 1}))
	s.g.Expect(page.MembersTotal).To(Equal(64))
	s.g.Expect(page.Members).To(HaveLen(tableRows))
	s.g.Expect(page.Members[0]).To(And(HaveField("Name", "prod-asia"), HaveField("Reason", "Unreachable")), "those that are not well come first")
	s.g.Expect(page.Problems).To(HaveExactElements(
		And(HaveField("Kind", KindMember), HaveField("Name", "prod-asia"), HaveField("Message", ContainSubstring("i/o timeout"))),
		And(HaveField("Kind", KindStatuses), HaveField("Reason", "Conflict"), HaveField("Count", 1), HaveField("Examples", HaveExactElements(HaveField("ID", "prod-us/team-a/build")))),
		And(HaveField("Kind", KindStatuses), HaveField("Reason", "Denied"), HaveField("Help", HaveSuffix("#denied")))))
	s.g.Expect(read[Overview](s, "/api/v1/?members=2").Members).To(HaveLen(14))
	_, body := s.get("/")
	s.g.Expect(strings.Count(body, `"`+helpOfMember+`"`)).To(Equal(2), "in the list of what is wrong, and in the table")
	s.g.Expect(page.Installations).To(HaveExactElements(And(HaveField("ID", installation), HaveField("Account", "acme"),
		HaveField("Limits", ContainElement(Equal(Limit{Name: "requestsPerHour", WindowSeconds: 3600, Limit: 5000}))))))
	s.g.Expect(page.ScmProviders).To(HaveExactElements(And(HaveField("Name", "acme"), HaveField("Kind", "GitHub"))))
}

func TestOverview_IsCountedOnceForAllWhoLook(t *testing.T) {
	s := filled(t)
	before := read[Overview](s, "/api/v1/").Counts.Objects
	s.claims("prod-late", named("late", v1alpha1.PhaseQueued))
	s.g.Expect(read[Overview](s, "/api/v1/").Counts.Objects).To(Equal(before))
	s.Clock.Step(fleetAge)
	s.g.Expect(read[Overview](s, "/api/v1/").Counts.Objects).To(Equal(before + 1))
}

func TestPages_SayWhatToDoWhereThereIsNothing(t *testing.T) {
	s := newSite(t)
	_, body := s.get("/")
	s.g.Expect(body).To(ContainSubstring("commit-status-hub cluster add"))
	_, body = s.get("/search?q=nowhere")
	s.g.Expect(body).To(ContainSubstring("in a namespace that the hub watches"))
	_, body = s.get("/search")
	s.g.Expect(body).To(ContainSubstring("Several words must all be found"))
	s.leads = false
	_, body = s.get("/")
	s.g.Expect(body).To(ContainSubstring("This replica is a standby"))
	s.g.Expect(read[Overview](s, "/api/v1/").Hub).To(Equal(Hub{LeaderName: "hub-0_1"}))
}

func TestSearch_FindsByEachField(t *testing.T) {
	s := filled(t)
	for query, ids := range map[string][]string{
		"prod-us":              {"prod-us/team-a/build"},
		"deploy":               {"prod-eu/team-a/deploy"},
		"team-a deploy":        {"prod-eu/team-a/deploy"},
		"prod-eu/team-a/build": {"prod-eu/team-a/build"},
		"denied":               {"test-1/team-a/build"},
		"acme/SHOP conflict":   {"prod-us/team-a/build"},
		ledgertest.SHA[:9]:     {"prod-eu/team-a/build", "prod-eu/team-a/deploy", "prod-us/team-a/build", "test-1/team-a/build"},
		"deploy prod-us":       {},
	} {
		page := read[SearchPage](s, "/api/v1"+searchPath(query))
		found := []string{}
		for _, o := range page.Results {
			found = append(found, o.ID)
		}
		s.g.Expect(found).To(Equal(ids), query)
	}
	s.g.Expect(read[SearchPage](s, "/api/v1/search?q=").Total).To(BeZero())
	response, _ := s.get("/api/v1/search?q=" + strings.Repeat("a", longestQuery+1))
	s.g.Expect(response.StatusCode).To(Equal(http.StatusBadRequest))
}

func TestPages_AnswerWhatIsNotThere(t *testing.T) {
	s := filled(t)
	for _, path := range []string{"/nowhere", "/commits/github.com/acme/shop/" + ledgertest.OtherSHA, "/commits/x", "/installations/github.com/app/9", "/commits/", "/static/../server.go", "/plots/other.svg"} {
		response, _ := s.get(path)
		s.g.Expect(response.StatusCode).To(Equal(http.StatusNotFound), path)
		if response, body := s.get("/api/v1" + path); !strings.HasPrefix(path, "/static") {
			s.g.Expect(response.StatusCode).To(Equal(http.StatusNotFound), path)
			s.g.Expect(body).To(HavePrefix(`{`), path)
		}
	}
	for _, path := range []string{"/", commit, "/search", "/api/v1/", "/api/v1" + commit, "/installations/" + installation, "/static/page.js"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
			response, _ := s.send(method, path)
			s.g.Expect(response.StatusCode).To(Equal(http.StatusMethodNotAllowed), method+" "+path)
			s.g.Expect(response.Header.Get("Allow")).To(ContainSubstring("GET"))
		}
		response, _ := s.send(http.MethodHead, path)
		s.g.Expect(response.StatusCode).To(Equal(http.StatusOK), path)
	}
}

// inline is a script, a style or a handler inside of a page, which its policy would refuse.
var inline = regexp.MustCompile(`(?i)<script[^>]*>[^<]|<style|\sstyle=|\son[a-z]+=|javascript:`)

func TestPages_LoadNothingFromElsewhere(t *testing.T) {
	s := filled(t)
	for _, path := range []string{"/", commit, "/search?q=build", "/installations/" + installation, "/nowhere"} {
		response, body := s.get(path)
		s.g.Expect(response.Header.Get("Content-Security-Policy")).To(HavePrefix("default-src 'self'"))
		s.g.Expect(inline.FindString(body)).To(BeEmpty(), path)
		s.g.Expect(body).To(And(ContainSubstring(`<html lang="en">`), ContainSubstring(`name="viewport"`), ContainSubstring(`<label for="q">`)), path)
		for _, loaded := range regexp.MustCompile(`(?:src|srcset)="([^"]*)"|<link[^>]*href="([^"]*)"`).FindAllStringSubmatch(body, -1) {
			s.g.Expect(loaded[1]+loaded[2]).To(HavePrefix("/"), path)
		}
	}
	for _, path := range []string{"/static/page.js", "/static/style.css", "/api/v1/"} {
		response, _ := s.get(path)
		s.g.Expect(response.Header.Get("Content-Security-Policy")).To(HavePrefix("default-src 'self'"))
		s.g.Expect(response.Header.Get("X-Content-Type-Options")).To(Equal("nosniff"))
	}
}

func TestPages_EscapeWhatMembersSay(t *testing.T) {
	s := newSite(t)
	evil := `"><script>alert(1)</script>`
	cs := ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) { cs.Spec.Name, cs.Spec.Description = evil, evil })
	link := named("link", v1alpha1.PhaseSuccess)
	link.Spec.URL = "javascript:alert(1)"
	s.claims("prod-eu", cs, link)
	s.health["prod-eu"] = kubeconfigs.Health{State: kubeconfigs.Unreachable, Reason: "Unreachable", Message: evil}
	for _, path := range []string{"/", commit, searchPath(evil), "/search?q=build"} {
		_, body := s.get(path)
		s.g.Expect(body).NotTo(ContainSubstring("<script>alert"), path)
		s.g.Expect(body).NotTo(ContainSubstring(`href="javascript:`), path)
	}
	_, body := s.get(commit)
	s.g.Expect(body).To(And(ContainSubstring("&lt;script&gt;"), ContainSubstring("url must be an absolute http or https URL")), "both are shown")
	for _, address := range []string{"javascript:alert(1)", "data:text/html,x", "ftp://example.com", "//example.com", "/relative", "https:", "HTTPS://example.com/a"} {
		s.g.Expect(safeLink(address) != "").To(Equal(strings.HasPrefix(address, "HTTPS://")), address)
	}
}

func TestPages_AreForThisMachineOnlyOnLoopback(t *testing.T) {
	s := filled(t)
	for host, status := range map[string]int{
		"localhost:8082": http.StatusOK, "127.0.0.1:9": http.StatusOK, "[::1]:80": http.StatusOK, "localhost": http.StatusOK, "127.0.0.2": http.StatusOK,
		"attacker.example:8082": http.StatusForbidden, "localhost.attacker.example": http.StatusForbidden, "10.0.0.1": http.StatusForbidden,
	} {
		response, _ := s.get("/api/v1/", "Host", host)
		s.g.Expect(response.StatusCode).To(Equal(status), host)
	}
}

func TestStream_SendsAPageWhenItChanges(t *testing.T) {
	s := filled(t)
	request, err := http.NewRequest(http.MethodGet, s.url+commit, http.NoBody)
	s.g.Expect(err).NotTo(HaveOccurred())
	request.Header.Set("Accept", "text/event-stream")
	response, err := browser.Do(request)
	s.g.Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	s.g.Expect(response.Header.Get("Content-Type")).To(Equal("text/event-stream"))
	events := make(chan string)
	go func() {
		defer close(events)
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 1<<20)
		var event strings.Builder
		for lines.Scan() {
			if lines.Text() == "" {
				events <- event.String()
				event.Reset()
			}
			event.WriteString(strings.TrimPrefix(lines.Text(), "data: ") + "\n")
		}
	}()
	var first, second string
	s.g.Eventually(events, "10s").Should(Receive(&first))
	s.g.Expect(first).To(And(ContainSubstring("in progress"), Not(ContainSubstring("<html"))))
	s.shows(keyOf("deploy"), v1alpha1.PhaseInProgress)
	s.g.Eventually(events, "10s").Should(Receive(&second))
	s.g.Expect(second).NotTo(Equal(first))
	s.g.Consistently(events, 2*streamEvery+time.Second).ShouldNot(Receive(), "nothing has changed")
}

func TestStream_IsRefusedWhereTooManyAreLookedAt(t *testing.T) {
	s := filled(t)
	s.server.streams.Store(mostStreams)
	response, _ := s.get("/", "Accept", "text/event-stream")
	s.g.Expect(response.StatusCode).To(Equal(http.StatusServiceUnavailable))
	s.g.Expect(s.server.streams.Load()).To(BeEquivalentTo(mostStreams))
}

func TestHelp_HasASectionForEachReason(t *testing.T) {
	g := NewWithT(t)
	page, err := os.ReadFile("../../docs/troubleshooting.md")
	g.Expect(err).NotTo(HaveOccurred())
	anchors := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^##+ (.*)$`).FindAllStringSubmatch(string(page), -1) {
		anchors[strings.ReplaceAll(regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-")] = true
	}
	source, err := os.ReadFile("../../apis/v1alpha1/conditions.go")
	g.Expect(err).NotTo(HaveOccurred())
	ofCommitStatuses, _, _ := strings.Cut(string(source), "ReasonRecorded")
	reasons := regexp.MustCompile(`(?m)^\s+Reason\w+\s+= "(\w+)"`).FindAllStringSubmatch(ofCommitStatuses, -1)
	g.Expect(len(reasons)).To(BeNumerically(">", 10))
	for _, reason := range reasons {
		help := helpOf(reason[1])
		g.Expect(help).NotTo(BeEmpty(), reason[1])
		_, anchor, _ := strings.Cut(help, "#")
		g.Expect(anchors).To(HaveKey(anchor), reason[1])
	}
	_, anchor, _ := strings.Cut(helpOfMember, "#")
	g.Expect(anchors).To(HaveKey(anchor))
}

func TestSplitCommit(t *testing.T) {
	g := NewWithT(t)
	for path, want := range map[string][]string{
		"github.com/a/b/123":            {"github.com/a/b", "123"},
		"git.example.com:8443/g/s/p/ab": {"git.example.com:8443/g/s/p", "ab"},
		"x":                             nil, "/x": nil, "x/": nil, "": nil,
	} {
		repo, sha, ok := splitCommit(path)
		g.Expect(ok).To(Equal(want != nil), path)
		if ok {
			g.Expect([]string{repo, sha}).To(Equal(want))
		}
	}
	g.Expect(ledger.ShortSHA).To(Equal(len(short(ledgertest.SHA))))
}
