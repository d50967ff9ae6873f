package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// BenchmarkPages makes each page of a fleet of 1000 members with 100 CommitStatuses each, a tenth of
// which are denied. The aim is 200 ms a page.
func BenchmarkPages(b *testing.B) {
	s := newSite(b)
	for i := range 1000 {
		cluster := fmt.Sprintf("prod-%03d", i)
		if i%10 == 0 {
			cluster = fmt.Sprintf("test-%03d", i)
		}
		s.health[cluster] = kubeconfigs.Health{State: kubeconfigs.Connected, Reason: kubeconfigs.ReasonConnected}
		s.Token[cluster] = s.Engage(cluster, time.Time{})
		s.SetRepo(cluster, s.Token[cluster], types.NamespacedName{Namespace: "team-a", Name: "shop"}, ledgertest.GitRepo())
		for n := range 100 {
			cs := named(fmt.Sprintf("check-%d", n), v1alpha1.PhaseSuccess)
			cs.UID = types.UID(fmt.Sprintf("%s-%d", cluster, n))
			cs.Spec.SHA = fmt.Sprintf("%040x", i/4)
			s.SetObject(cluster, s.Token[cluster], cs)
		}
		s.Synced(cluster, s.Token[cluster])
	}
	pages := s.server.routes()
	for name, path := range map[string]string{
		"overview": "/", "commit": fmt.Sprintf("/commits/github.com/acme/shop/%040x", 7), "search": "/search?q=check-7",
		"searchNothing": "/search?q=nowhere", "installation": "/installations/" + installation,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.Clock.Step(fleetAge)
				w := httptest.NewRecorder()
				pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
				if w.Code != http.StatusOK {
					b.Fatalf("%s: %d", path, w.Code)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/page")
		})
	}
}
