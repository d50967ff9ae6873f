package hub

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

func TestAnErrorThatIsJoinedWithClusterNotFoundIsTriedAgain(t *testing.T) {
	g := NewWithT(t)
	calls := make(chan ledger.Key, 10)
	c, err := newController(reconcile.TypedFunc[ledger.Key](func(_ context.Context, key ledger.Key) (ctrl.Result, error) {
		calls <- key
		if len(calls) == 1 {
			return ctrl.Result{}, errors.Join(multicluster.ErrClusterNotFound, errors.New("not written"))
		}
		return ctrl.Result{}, nil
	}), func(_ string, limiter workqueue.TypedRateLimiter[ledger.Key]) workqueue.TypedRateLimitingInterface[ledger.Key] {
		queue := workqueue.NewTypedRateLimitingQueue(limiter)
		queue.Add(ledger.Key{Name: "build"})
		return queue
	}, Options{Workers: 1, Embedded: true, Log: logr.Discard()})
	g.Expect(err).NotTo(HaveOccurred())

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- c.Start(ctx) }()
	g.Eventually(func() int { return len(calls) }, 10*time.Second).Should(Equal(2))
	cancel()
	g.Eventually(ended).Should(Receive(BeNil()))
}
