package e2e

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/monitoring"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// ofHistogram ends the names of what a histogram consists of.
var ofHistogram = regexp.MustCompile(`_(bucket|sum|count)$`)

// ownMetrics are those that only a hub has; histograms count as one.
func ownMetrics(all monitoring.Labels) (out []string) {
	for metric := range maps.Keys(all) {
		if strings.HasPrefix(metric, "commit_status_hub_") {
			out = append(out, ofHistogram.ReplaceAllString(metric, ""))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var _ = Describe("The metrics", func() {
	It("have all that alerts and the dashboard ask for, and these leave none of them out", func() {
		w := newWorld()
		w.ready()
		By("writing a status of a member whose token ends")
		w.member("eu", euCluster.KubeconfigFor(&rest.Config{BearerToken: tokenOf(w, euCluster, "hub", inMembers...)}))
		address, profiles := freeAddress(), freeAddress()
		w.startProgram("--metrics-bind-address="+address, "--metrics-secure=false", "--health-probe-bind-address=0", "--pprof-bind-address="+profiles)
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)

		By("having another one wait for an installation that is paused")
		w.scm.Inject(github.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3600"}}})
		w.ask(euCluster, "waits", v1alpha1.PhaseSuccess)
		var scrape string
		Eventually(func() string {
			_, scrape = fetch("http://"+address+"/metrics", "")
			return scrape
		}).Should(MatchRegexp(`\ncommit_status_hub_queue_depth\{.*\} 1\n`))

		_, goroutines := fetch("http://"+profiles+"/debug/pprof/goroutine?debug=1", "")
		Expect(goroutines).To(HavePrefix("goroutine profile: total "))

		asked, err := monitoring.AskedByAll()
		Expect(err).NotTo(HaveOccurred())
		there, err := monitoring.Exported(scrape)
		Expect(err).NotTo(HaveOccurred())
		Expect(monitoring.Missing(asked, there)).To(BeEmpty(), "asked for, and not exported")
		Expect(ownMetrics(asked)).To(Equal(ownMetrics(there)))
	})
})
