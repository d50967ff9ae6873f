package hub

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// clientOnly is a cluster of which only the client is used.
type clientOnly struct {
	cluster.Cluster
	client client.Client
}

func (c clientOnly) GetClient() client.Client { return c.client }

func TestOnlyAReplicaThatMayWritePatchesAStatus(t *testing.T) {
	g := NewWithT(t)
	scheme, err := Scheme()
	g.Expect(err).NotTo(HaveOccurred())
	p := &v1alpha1.ScmProvider{ObjectMeta: metav1.ObjectMeta{Namespace: "hub", Name: "acme"}}
	api := fake.NewClientBuilder().WithScheme(scheme).WithObjects(p).WithStatusSubresource(p).Build()
	e := newElection()
	member := electedCluster{clientOnly{client: api}, e.Lead}.GetClient()
	patch := func() error {
		now := p.DeepCopy()
		now.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady}}
		return member.Status().Patch(t.Context(), now, client.MergeFrom(p))
	}
	g.Expect(patch()).To(MatchError(errNotRenewed))
	g.Expect(e.Create(t.Context(), heldBy("me"))).To(Succeed())
	g.Expect(patch()).To(Succeed())
	e.clock.Step(5 * time.Second)
	g.Expect(patch()).To(MatchError(errNotRenewed))
}

func TestEveryStatusIsPatchedThroughTheLead(t *testing.T) {
	g := NewWithT(t)
	mgr, members := offline(g)
	e := newElection()
	h, err := setup(t.Context(), mgr, members, e.Lead, &ledger.Seals{}, Options{Namespace: "hub", Embedded: true})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(h.scms.Client).To(BeAssignableToTypeOf(electedClient{}))
	var engaged engagedCluster
	g.Expect(electedWatcher{&engaged, e.Lead}.Engage(t.Context(), "eu", mgr.GetLocalManager())).To(Succeed())
	g.Expect(engaged.engaged.GetClient()).To(BeAssignableToTypeOf(electedClient{}))
}

// engagedCluster keeps the cluster that it is engaged with.
type engagedCluster struct {
	follows
	engaged cluster.Cluster
}

func (e *engagedCluster) Engage(_ context.Context, _ multicluster.ClusterName, cl cluster.Cluster) error {
	e.engaged = cl
	return nil
}

func TestAKeyWaitsForTheLeaseToBeRenewed(t *testing.T) {
	g := NewWithT(t)
	e := newElection()
	calls := 0
	r := whileLeading{reconcile.TypedFunc[ledger.Key](func(context.Context, ledger.Key) (ctrl.Result, error) {
		calls++
		return ctrl.Result{}, nil
	}), e.Lead, time.Second}
	g.Expect(r.Reconcile(t.Context(), ledger.Key{})).To(Equal(ctrl.Result{RequeueAfter: time.Second}))
	g.Expect(calls).To(BeZero())
	g.Expect(e.Create(t.Context(), heldBy("me"))).To(Succeed())
	g.Expect(r.Reconcile(t.Context(), ledger.Key{})).To(Equal(ctrl.Result{}))
	g.Expect(calls).To(Equal(1))
}
