// Package e2e runs a whole hub against real API servers and a strict fake SCM.
package e2e

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// The control planes are shared by all specs of a process: a hub, and the members eu and us.
// What their Clients do an administrator does. Kubeconfigs of eu and us are those of the
// account that the manifests make there.
var hubCluster, euCluster, usCluster *clusters.Cluster

// audits is the folder with what the hubs asked each control plane for.
var audits string

// Specs that measure or compare times are Serial: they have the machine for themselves.

// early has a long spec begin before the others, so that the last process does not end alone.
const early = SpecPriority(1)

func TestHub(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(20 * time.Second)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	SetDefaultConsistentlyDuration(2 * time.Second)
	RunSpecs(t, "Hub")
}

// A hub watches all namespaces of a member, so each of the processes that `ginkgo -procs`
// starts has control planes of its own.
var _ = SynchronizedBeforeSuite(func(context.Context) []byte {
	folder, err := os.MkdirTemp("", "commit-status-hub-e2e-")
	Expect(err).NotTo(HaveOccurred())
	return []byte(folder)
}, func(ctx context.Context, folder []byte) {
	programs = string(folder)
	logger := zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true))
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
	var err error
	audits, err = os.MkdirTemp("", "commit-status-hub-audits-")
	Expect(err).NotTo(HaveOccurred())
	var wg sync.WaitGroup
	for name, c := range map[string]**clusters.Cluster{"hub": &hubCluster, "eu": &euCluster, "us": &usCluster} {
		wg.Go(func() {
			defer GinkgoRecover()
			var err error
			*c, err = clusters.Start(context.WithoutCancel(ctx), clusters.WithAudit(filepath.Join(audits, name)))
			Expect(err).NotTo(HaveOccurred())
		})
	}
	wg.Wait()
	for _, c := range []**clusters.Cluster{&euCluster, &usCluster} {
		account, err := (*c).MemberAccount(ctx)
		Expect(err).NotTo(HaveOccurred())
		*c = (*c).As(account)
	}
}, NodeTimeout(15*time.Minute))

var _ = SynchronizedAfterSuite(func() {
	var stopped []error
	refused := map[string][]string{}
	for name, c := range map[string]*clusters.Cluster{"hub": hubCluster, "eu": euCluster, "us": usCluster} {
		if c == nil {
			continue
		}
		stopped = append(stopped, c.Stop())
		what, err := clusters.Refused(filepath.Join(audits, name))
		if stopped = append(stopped, err); len(what) > 0 {
			refused[name] = what
		}
	}
	// Only now that no control plane is left behind.
	Expect(errors.Join(append(stopped, os.RemoveAll(audits))...)).To(Succeed())
	Expect(refused).To(BeEmpty(), "what the manifests do not let the hub do")
}, func() {
	if programs != "" {
		Expect(os.RemoveAll(programs)).To(Succeed())
	}
})
