package e2e

import (
	"encoding/json"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/rest"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/web"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// fleetReader is the rule of deploy/hub for who may look at the fleet page.
var fleetReader = rbacv1.PolicyRule{NonResourceURLs: []string{"/fleet"}, Verbs: []string{"get"}}

// launchPage runs a hub with its fleet page at an address, and returns where that is reached.
func (w *world) launchPage(address string) (page string) {
	GinkgoHelper()
	port := address[strings.LastIndexByte(address, ':'):]
	w.launch("--web-bind-address="+address, "--metrics-bind-address=0", "--health-probe-bind-address=0")
	if strings.HasPrefix(address, "127.") {
		return "http://" + address
	}
	return "https://127.0.0.1" + port
}

// shown returns what a page shows, as JSON and as HTML.
func shown[T any](page, path string) (data T, html string) {
	GinkgoHelper()
	code, body := fetch(page+"/api/v1"+path, "")
	Expect(code).To(Equal(http.StatusOK), body)
	Expect(json.Unmarshal([]byte(body), &data)).To(Succeed())
	code, html = fetch(page+path, "")
	Expect(code).To(Equal(http.StatusOK))
	return data, html
}

// commitPath is the page of the spec's commit.
func (w *world) commitPath() string {
	return "/commits/" + strings.TrimPrefix(w.scm.URL(), "http://") + "/acme/shop/" + testSHA
}

var _ = Describe("The fleet page of a hub", func() {
	var w *world

	BeforeEach(func() {
		w = newWorld()
		w.ready()
	})

	It("shows a commit with the claims of its members, and the requests that were sent for it", func() {
		w.members()
		page := w.launchPage(freeAddress())
		for _, c := range []*clusters.Cluster{euCluster, usCluster} {
			w.ask(c, "build", v1alpha1.PhaseSuccess)
			w.synced(c, "build", v1alpha1.PhaseSuccess)
		}
		commit, html := shown[web.CommitPage](page, w.commitPath())
		Expect(commit.SHA).To(Equal(testSHA))
		Expect(commit.Names).To(HaveLen(1))
		build := commit.Names[0]
		Expect(build.Shown).To(HaveValue(Equal(web.Status{Phase: "success", Description: "Hydrated 12 apps", URL: "https://ci.example.com/run/42"})))
		Expect(build.Wanted).To(Equal(build.Shown))
		Expect(build.Certain).To(BeTrue())
		Expect(build.Owner).To(Equal(w.get(usCluster, "build").Status.Owner))
		Expect(build.Claims).To(ConsistOf(
			And(HaveField("ID", "eu/"+w.tenant+"/build"), HaveField("Reason", "Synced"), HaveField("IsOwner", true)),
			And(HaveField("ID", "us/"+w.tenant+"/build"), HaveField("Reason", "Synced"), HaveField("IsOwner", false))))
		Expect(html).To(And(ContainSubstring("eu/"+w.tenant+"/build"), ContainSubstring("us/"+w.tenant+"/build"), ContainSubstring("Hydrated 12 apps")))
		create := And(HaveField("Method", "POST"), HaveField("Code", 201), HaveField("Operation", "create_check_run"), HaveField("Name", "build"),
			HaveField("At", Not(BeZero())), HaveField("Installation", build.Installation))
		Expect(commit.Requests).To(ContainElement(create), "what was sent before anybody looked")

		By("changing the status while somebody looks")
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = "Hydrated 13 apps" })
		Eventually(func() string { return w.get(euCluster, "build").Status.Description }).Should(Equal("Hydrated 13 apps"))
		commit, html = shown[web.CommitPage](page, w.commitPath())
		Expect(commit.Requests[0]).To(And(HaveField("Method", "PATCH"), HaveField("Code", 200), HaveField("Operation", "update_check_run")), "the newest first")
		Expect(html).To(And(ContainSubstring("update_check_run"), ContainSubstring("Hydrated 13 apps")))

		By("looking at the fleet")
		fleet, _ := shown[web.Overview](page, "/")
		Expect(fleet.Hub.Leader).To(BeTrue())
		Expect(fleet.Counts).To(And(HaveField("Members", 3), HaveField("Connected", 3), HaveField("Objects", 2), HaveField("Statuses", 1)))
		Expect(fleet.Installations).To(ConsistOf(HaveField("ID", build.Installation)))
	})

	It("is shown on any but a loopback address only to whom the API server lets see it", func() {
		address := strings.Replace(freeAddress(), "127.0.0.1", "0.0.0.0", 1)
		page := w.launchPage(address)
		code := func(token string) func() int {
			return func() int {
				code, _ := fetch(page+"/api/v1/", token)
				return code
			}
		}
		Eventually(code("")).Should(Equal(http.StatusUnauthorized))
		Expect(code("not-a-token")()).To(Equal(http.StatusUnauthorized))
		without := tokenOf(w, hubCluster, "without")
		Expect(code(without)()).To(Equal(http.StatusForbidden))
		with := tokenOf(w, hubCluster, "with", fleetReader)
		Eventually(code(with)).Should(Equal(http.StatusOK), "its role is known a moment later")
		Expect(code(without)()).To(Equal(http.StatusForbidden))
		of, body := fetch(page+"/", with)
		Expect(of).To(Equal(http.StatusOK))
		Expect(body).To(ContainSubstring("<h1>Fleet</h1>"))
	})

	It("says on a standby who leads", func() {
		leader := w.launchPage(freeAddress())
		Eventually(func() bool {
			code, body := fetch(leader+"/api/v1/", "")
			return code == http.StatusOK && strings.Contains(body, `"leader": true`)
		}).Should(BeTrue())
		standby := w.launchPage(freeAddress())
		Eventually(func() string {
			_, body := fetch(standby+"/", "")
			return body
		}).Should(And(ContainSubstring("This replica is a standby"), ContainSubstring(w.holder()+" leads")))
		fleet, _ := shown[web.Overview](standby, "/")
		Expect(fleet.Hub).To(Equal(web.Hub{LeaderName: w.holder()}))
	})

	It("never shows a secret", func() {
		s := &secrets{texts: map[string]string{}}
		s.overhear(w.scm)
		s.add("the App's key", string(w.pem))
		token := tokenOf(w, euCluster, "hub", inMembers...)
		s.add("the token of member eu", token)
		w.member("eu", euCluster.KubeconfigFor(&rest.Config{BearerToken: token}))
		bad := strings.Repeat("member-token-", 3)
		s.add("the token of a member that repeats it", bad)
		w.member("echoing", kubeconfigOf(echoing(), bad))
		page := w.launchPage(freeAddress())
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		Expect(s.kinds()).To(ContainElements("a JWT of the App", "an installation token"))
		Eventually(func() string {
			_, body := fetch(page+"/", "")
			return body
		}).Should(ContainSubstring("not with"), "the words of the member that repeats what it was told")
		fleet, _ := shown[web.Overview](page, "/")
		for _, path := range []string{"/", w.commitPath(), fleet.Installations[0].Path, "/search?q=build"} {
			for _, below := range []string{"", "/api/v1"} {
				code, body := fetch(page+below+path, "")
				Expect(code).To(Equal(http.StatusOK), path)
				s.expectNotIn("the page "+below+path, body)
			}
		}
	})
})
