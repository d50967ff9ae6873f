package hub

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// electedClient patches statuses only while the lead may write. A replica that was
// deposed and does not know it yet would overwrite what its successor has said.
type electedClient struct {
	client.Client
	lead *Lead
}

// Status returns a writer that asks the lead.
func (c electedClient) Status() client.SubResourceWriter {
	return electedStatus{c.Client.Status(), c.lead}
}

type electedStatus struct {
	client.SubResourceWriter
	lead *Lead
}

// Patch patches a status if the lead may write.
func (s electedStatus) Patch(ctx context.Context, o client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
	if err := s.lead.check(); err != nil {
		return err
	}
	return s.SubResourceWriter.Patch(ctx, o, patch, opts...)
}

// electedCluster is a member with an electedClient.
type electedCluster struct {
	cluster.Cluster
	lead *Lead
}

// GetClient returns the member's client.
func (c electedCluster) GetClient() client.Client {
	return electedClient{c.Cluster.GetClient(), c.lead}
}

// electedWatcher follows members, and has their statuses patched only while the
// lead may write.
type electedWatcher struct {
	follows
	lead *Lead
}

// follows is what the manager asks of who follows members.
type follows interface {
	manager.Runnable
	manager.LeaderElectionRunnable
	multicluster.Aware
}

// Engage begins to follow a member and returns at once.
func (w electedWatcher) Engage(ctx context.Context, name multicluster.ClusterName, cl cluster.Cluster) error {
	return w.follows.Engage(ctx, name, electedCluster{cl, w.lead})
}

// whileLeading begins work on a key only while the lead may write, so that none is
// taken for failed because the lease was late.
type whileLeading struct {
	reconcile.TypedReconciler[ledger.Key]
	lead  *Lead
	retry time.Duration
}

// Reconcile works on a key, or has it wait for the next renewal.
func (w whileLeading) Reconcile(ctx context.Context, key ledger.Key) (reconcile.Result, error) {
	if !w.lead.mayNow() {
		return reconcile.Result{RequeueAfter: w.retry}, nil
	}
	return w.TypedReconciler.Reconcile(ctx, key)
}
