package kubeconfigs

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

var _ = Describe("A bad member", func() {
	// goodAfter is how long two good members take from their Secrets on.
	goodAfter := func(ctx context.Context, r *replica) time.Duration {
		GinkgoHelper()
		first, second := insider(hub, "good-1"), insider(hub, "good-2")
		begin := time.Now()
		r.add(ctx, "good-1", first)
		r.add(ctx, "good-2", second)
		Eventually(r.engagements("good-1")).Should(HaveLen(1))
		Eventually(r.engagements("good-2")).Should(HaveLen(1))
		last := r.engagements("good-1")()[0].at
		if other := r.engagements("good-2")()[0].at; other.After(last) {
			last = other
		}
		return last.Sub(begin)
	}

	It("does not delay good ones that come after it", func(ctx SpecContext) {
		alone := runReplica(ctx)
		without := goodAfter(ctx, alone)
		alone.stop()

		r := newReplica(ctx)
		hung, asked := hanging()
		r.add(ctx, "hung", hung)
		r.add(ctx, "forbidden", outsider(hub, "outsider"))
		r.add(ctx, "bare", insider(bare, "insider"))
		r.begin()
		Eventually(asked).Should(Receive())
		Eventually(r.health("forbidden")).Should(haveState(Denied, ReasonForbidden))
		Eventually(r.health("bare")).Should(haveState(Incomplete, ReasonCRDsMissing))

		with := goodAfter(ctx, r)
		AddReportEntry("engaged without and with bad members", []time.Duration{without, with})
		Expect(with).To(BeNumerically("<", without+time.Second))
		Eventually(r.health("good-1")).Should(haveState(Connected, ReasonConnected))
		for _, bad := range []string{"hung", "forbidden", "bare"} {
			Expect(r.engagements(bad)()).To(BeEmpty())
		}
		Expect(r.health("hung")()).To(haveState(Connecting, ReasonConnecting))

		By("telling why on its Secret, once")
		Eventually(r.events(ctx, "forbidden")).Should(Equal([]string{ReasonForbidden}))
		Eventually(r.events(ctx, "bare")).Should(Equal([]string{ReasonCRDsMissing}))
	})

	It("that hangs can be removed at once, and is told of when it is late", func(ctx SpecContext) {
		r := newReplica(ctx)
		r.provider.deadlines = deadlines{request: 500 * time.Millisecond, headers: 500 * time.Millisecond, grace: time.Second}
		kubeconfig, _ := hanging()
		secret := r.add(ctx, "hung", kubeconfig)
		r.begin()
		Eventually(r.health("hung")).Should(haveState(Unreachable, ReasonTimedOut))
		Eventually(r.events(ctx, "hung")).Should(ConsistOf(ReasonTimedOut))

		Expect(hub.Client.Delete(ctx, secret)).To(Succeed())
		Eventually(r.provider.Health).WithTimeout(2 * time.Second).Should(BeEmpty())
	})

	It("leaves nothing running when the hub stops", func(ctx SpecContext) {
		before := goleak.IgnoreCurrent()
		r := newReplica(ctx)
		kubeconfig, asked := hanging()
		r.add(ctx, "hung", kubeconfig)
		r.add(ctx, "good", insider(hub, "insider"))
		r.begin()
		Eventually(asked).Should(Receive())
		Eventually(r.engagements("good")).Should(HaveLen(1))
		member := r.engagements("good")()[0]
		_, err := member.cluster.GetCache().GetInformer(ctx, &v1alpha1.CommitStatus{})
		Expect(err).NotTo(HaveOccurred())
		r.stop()
		Expect(member.ctx.Err()).To(HaveOccurred())
		Eventually(func() error { return goleak.Find(before, ofTheServers) }).WithTimeout(20 * time.Second).Should(Succeed())
	})
})

// ofTheServers leaves out goroutines of the test's own HTTP server.
var ofTheServers = goleak.IgnoreAnyFunction("net/http.(*Server).Serve")

var _ = Describe("A member without CRDs", func() {
	It("is engaged by itself once they are there, and told of when they go", func(ctx SpecContext) {
		r := runReplica(ctx)
		r.add(ctx, "bare", insider(bare, "insider"))
		Eventually(r.health("bare")).Should(haveState(Incomplete, ReasonCRDsMissing))

		Expect(bare.InstallCRDs()).To(Succeed())
		DeferCleanup(bare.UninstallCRDs)
		Eventually(r.engagements("bare")).Should(HaveLen(1))
		Eventually(r.health("bare")).Should(haveState(Connected, ReasonConnected))
		watching := r.engagements("bare")()[0].cluster
		_, err := watching.GetCache().GetInformer(ctx, &v1alpha1.CommitStatus{}, cache.BlockUntilSynced(true))
		Expect(err).NotTo(HaveOccurred())

		Expect(bare.UninstallCRDs()).To(Succeed())
		Eventually(r.health("bare")).WithTimeout(60 * time.Second).Should(haveState(Incomplete, ReasonCRDsMissing))
		Expect(bare.InstallCRDs()).To(Succeed())
		Eventually(r.health("bare")).WithTimeout(60 * time.Second).Should(haveState(Connected, ReasonConnected))
		Expect(r.engagements("bare")()).To(HaveLen(1), "the cache recovers by itself")
	})
})

var _ = Describe("A Secret", func() {
	It("whose label is removed disengages the member, and engages it when it is back", func(ctx SpecContext) {
		r := runReplica(ctx)
		secret := r.add(ctx, "member", insider(hub, "insider"))
		Eventually(r.engagements("member")).Should(HaveLen(1))
		Expect(r.provider.Get(ctx, "member")).To(BeIdenticalTo(r.engagements("member")()[0].cluster))

		change(ctx, secret, func(s *corev1.Secret) { delete(s.Labels, MemberLabel) })
		Eventually(r.engagements("member")()[0].ctx.Done()).Should(BeClosed())
		Expect(r.provider.Health()).NotTo(HaveKey("member"))
		_, err := r.provider.Get(ctx, "member")
		Expect(err).To(MatchError(multicluster.ErrClusterNotFound))

		change(ctx, secret, func(s *corev1.Secret) { s.Labels = map[string]string{MemberLabel: "true"} })
		Eventually(r.engagements("member")).Should(HaveLen(2))
		Expect(r.engagements("member")()[1].overlaps).To(BeFalse())
	})

	It("that is deleted disengages the member", func(ctx SpecContext) {
		r := runReplica(ctx)
		secret := r.add(ctx, "member", insider(hub, "insider"))
		Eventually(r.engagements("member")).Should(HaveLen(1))
		Expect(hub.Client.Delete(ctx, secret)).To(Succeed())
		Eventually(r.engagements("member")()[0].ctx.Done()).Should(BeClosed())
		Expect(r.provider.Health()).To(BeEmpty())
	})

	It("without the label is none of ours", func(ctx SpecContext) {
		r := newReplica(ctx)
		other := r.secret("other", insider(hub, "insider"))
		other.Labels = nil
		Expect(hub.Client.Create(ctx, other)).To(Succeed())
		r.begin()
		r.add(ctx, "member", insider(hub, "insider"))
		Eventually(r.engagements("member")).Should(HaveLen(1))
		Expect(r.provider.Health()).NotTo(HaveKey("other"))
	})

	It("that changes in nothing that counts changes nothing", func(ctx SpecContext) {
		r := runReplica(ctx)
		secret := r.add(ctx, "member", insider(hub, "insider"))
		Eventually(r.engagements("member")).Should(HaveLen(1))
		change(ctx, secret, func(s *corev1.Secret) { s.Annotations = map[string]string{"note": "x"} })
		r.add(ctx, "later", insider(hub, "insider")) // seen after the change
		Eventually(r.engagements("later")).Should(HaveLen(1))
		Expect(r.engagements("member")()).To(HaveLen(1))
		Expect(r.engagements("member")()[0].ctx.Err()).NotTo(HaveOccurred())
	})

	It("by the name of local is refused, once, and the hub's own cluster is engaged by it", func(ctx SpecContext) {
		r := newReplica(ctx, func(_ *manager.Options, o *Options) { o.Local = hub.Config })
		secret := r.add(ctx, LocalCluster, insider(bare, "insider"))
		r.begin()
		Eventually(r.engagements(LocalCluster)).Should(HaveLen(1))
		Eventually(r.events(ctx, LocalCluster)).Should(Equal([]string{NameReserved}))
		local := r.engagements(LocalCluster)()[0]
		Expect(nameAt(ctx, local.cluster.GetConfig())).To(Equal("admin"))

		By("not ending it with the Secret")
		Expect(hub.Client.Delete(ctx, secret)).To(Succeed())
		r.add(ctx, "later", insider(hub, "insider"))
		Eventually(r.engagements("later")).Should(HaveLen(1))
		Expect(local.ctx.Err()).NotTo(HaveOccurred())
		Eventually(r.health(LocalCluster)).Should(haveState(Connected, ReasonConnected))
	})

	It("with a forbidden kubeconfig is refused with the reason, until it is mended", func(ctx SpecContext) {
		r := runReplica(ctx)
		config := good()
		config.AuthInfos["u"].TokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"
		secret := r.add(ctx, "member", written(GinkgoTB(), config))
		Eventually(r.health("member")).Should(haveState(Refused, FileForbidden))
		Eventually(r.events(ctx, "member")).Should(Equal([]string{FileForbidden}))
		change(ctx, secret, put(insider(hub, "insider")))
		Eventually(r.engagements("member")).Should(HaveLen(1))
		Eventually(r.events(ctx, "member")).Should(ConsistOf(FileForbidden, ReasonConnected))
	})

	It("with an annotation limits the watches to its namespaces", func(ctx SpecContext) {
		for _, name := range []string{"team-a", "team-b"} {
			Expect(client.IgnoreAlreadyExists(hub.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}))).To(Succeed())
			repo := &v1alpha1.GitRepo{ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: "repo"}, Spec: v1alpha1.GitRepoSpec{
				ScmProviderRef: v1alpha1.ObjectReference{Name: "scm"}, Repository: "acme/shop",
			}}
			Expect(hub.Client.Create(ctx, repo)).To(Succeed())
			DeferCleanup(func(ctx SpecContext) { Expect(hub.Client.Delete(ctx, repo)).To(Succeed()) })
		}
		in := metav1.ObjectMeta{Namespace: "team-a", Name: "limited"}
		Expect(hub.Client.Create(ctx, &rbacv1.Role{ObjectMeta: in, Rules: rules})).To(Succeed())
		Expect(hub.Client.Create(ctx, &rbacv1.RoleBinding{
			ObjectMeta: in,
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "limited"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "limited"}},
		})).To(Succeed())

		r := runReplica(ctx)
		secret := r.add(ctx, "member", outsider(hub, "limited"))
		Eventually(r.health("member")).Should(haveState(Denied, ReasonForbidden))
		change(ctx, secret, func(s *corev1.Secret) { s.Annotations = map[string]string{NamespacesAnnotation: " team-a, "} })
		Eventually(r.engagements("member")).Should(HaveLen(1))
		Eventually(func() []client.Object { // engaging does not wait for the cache
			return contents(ctx, r.engagements("member")()[0].cluster, &v1alpha1.GitRepo{})
		}).Should(HaveExactElements(HaveField("Namespace", "team-a")))
	})
})

var _ = Describe("A replica that does not lead", func() {
	It("engages members all the same", func(ctx SpecContext) {
		r := newReplica(ctx, func(m *manager.Options, _ *Options) {
			m.LeaderElection, m.LeaderElectionID = true, "leader"
			m.LeaderElectionNamespace = "default"
		})
		held := &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "leader"},
			Spec: coordinationv1.LeaseSpec{
				HolderIdentity: ptr.To("another"), LeaseDurationSeconds: ptr.To[int32](3600), RenewTime: ptr.To(metav1.NowMicro()),
			},
		}
		Expect(hub.Client.Create(ctx, held)).To(Succeed())
		DeferCleanup(func(ctx SpecContext) { Expect(hub.Client.Delete(ctx, held)).To(Succeed()) })
		r.begin()
		r.add(ctx, "member", insider(hub, "insider"))
		Eventually(r.engagements("member")).Should(HaveLen(1))
		Expect(r.manager.Elected()).NotTo(BeClosed())
	})
})
