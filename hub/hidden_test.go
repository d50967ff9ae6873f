package hub

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

func TestAGitRepoThatIsLeftOutIsKeptAsItWas(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	repo := testRepo()
	name := types.NamespacedName{Namespace: "team-a", Name: "shop"}
	leavesOut := true
	follow := &follower{cluster: "eu", engagement: f.token["eu"], watcher: &watcher{
		ledger: f.Ledger, apply: func(Changes) {}, leavesOut: func(string, client.Object) bool { return leavesOut },
	}}
	gone := func() {
		follow.onRepoGone(name, follow.partingOf(toolscache.DeletedFinalStateUnknown{Obj: repo}))
	}
	claimed := func() bool {
		_, _, ok := f.Job(testKey)
		return ok
	}

	gone()
	f.g.Expect(claimed()).To(BeTrue(), "it is only left out")
	f.SetObject("eu", f.token["eu"], testStatus(func(cs *v1alpha1.CommitStatus) { cs.Generation++ }))
	f.g.Expect(claimed()).To(BeTrue(), "and CommitStatuses go on with it")
	leavesOut = false
	gone()
	f.g.Expect(claimed()).To(BeFalse(), "now it is deleted")
}
