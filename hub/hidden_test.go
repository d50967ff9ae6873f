package hub

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

func TestAGitRepoThatIsLeftOutIsKeptAsItWas(t *testing.T) {
	f := ledgertest.NewFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	repo := ledgertest.GitRepo()
	name := types.NamespacedName{Namespace: "team-a", Name: "shop"}
	leavesOut := true
	follow := &follower{cluster: "eu", engagement: f.Token["eu"], watcher: &watcher{
		ledger: f.Ledger, apply: func(ledger.Changes) {}, leavesOut: func(string, client.Object) bool { return leavesOut },
	}}
	gone := func() {
		follow.onRepoGone(name, follow.releaseReason(toolscache.DeletedFinalStateUnknown{Obj: repo}))
	}
	claimed := func() bool {
		_, _, ok := f.Job(ledgertest.Key)
		return ok
	}

	gone()
	f.G.Expect(claimed()).To(BeTrue(), "it is only left out")
	f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) { cs.Generation++ }))
	f.G.Expect(claimed()).To(BeTrue(), "and CommitStatuses go on with it")
	leavesOut = false
	gone()
	f.G.Expect(claimed()).To(BeFalse(), "now it is deleted")
}
