package hub

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

func TestWhatIsLeftOutIsNotTakenForDeleted(t *testing.T) {
	g := NewWithT(t)
	f := &follower{cluster: "eu", watcher: &watcher{leavesOut: func(cluster string, object client.Object) bool {
		return cluster == "eu" && object.GetName() == "young"
	}}}
	told := func(name string) any { return &v1alpha1.CommitStatus{ObjectMeta: metav1.ObjectMeta{Name: name}} }
	g.Expect(f.releaseReason(toolscache.DeletedFinalStateUnknown{Obj: told("young")})).To(Equal(ledger.OutOfSight))
	g.Expect(f.releaseReason(toolscache.DeletedFinalStateUnknown{Obj: told("old")})).To(Equal(ledger.Deleted))
	g.Expect(f.releaseReason(told("young"))).To(Equal(ledger.Deleted), "the member says so itself")
}
