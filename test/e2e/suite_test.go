// Package e2e runs a whole hub against real API servers and a strict fake SCM.
package e2e

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// The control planes are shared by all specs: a hub, and the members eu and us.
var hubCluster, euCluster, usCluster *clusters.Cluster

func TestHub(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(20 * time.Second)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	SetDefaultConsistentlyDuration(2 * time.Second)
	RunSpecs(t, "Hub")
}

var _ = BeforeSuite(func(ctx context.Context) {
	ctrl.SetLogger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true)))
	var wg sync.WaitGroup
	for _, c := range []**clusters.Cluster{&hubCluster, &euCluster, &usCluster} {
		wg.Go(func() {
			defer GinkgoRecover()
			var err error
			*c, err = clusters.Start(context.WithoutCancel(ctx))
			Expect(err).NotTo(HaveOccurred())
		})
	}
	wg.Wait()
}, NodeTimeout(15*time.Minute))

var _ = AfterSuite(func() {
	if programs != "" {
		Expect(os.RemoveAll(programs)).To(Succeed())
	}
	for _, c := range []*clusters.Cluster{hubCluster, euCluster, usCluster} {
		if c != nil {
			Expect(c.Stop()).To(Succeed())
		}
	}
})
