package hub

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// sealReplica is a replica of a hub as far as it knows keys of seals.
type sealReplica struct {
	*sealSecret
	mu   sync.Mutex
	logs []string
	// stop ends it, and waits for that.
	stop func()
}

func (r *sealReplica) logged(text string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, line := range r.logs {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// sealServer is a real control plane.
type sealServer struct {
	*clusters.Cluster
	g *WithT
}

func startSealServer(t *testing.T) *sealServer {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a control plane")
	}
	g := NewWithT(t)
	c, err := clusters.Start(context.Background())
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(c.Stop()).To(Succeed()) })
	return &sealServer{Cluster: c, g: g}
}

var keyOne, keyTwo = []byte("one key, of 32 bytes at the least"), []byte("another key, of 32 bytes at least")

func sealsOf(current, previous []byte) *ledger.Seals {
	s := &ledger.Seals{}
	s.Set(current, previous)
	return s
}

// sealedWith is an object whose status was sealed.
func sealedWith(s *ledger.Seals) *v1alpha1.CommitStatus {
	cs := &v1alpha1.CommitStatus{ObjectMeta: metav1.ObjectMeta{UID: "u"}, Status: v1alpha1.CommitStatusStatus{Provider: &v1alpha1.ProviderHandle{}}}
	cs.Status.Provider.Seal = s.Of(cs.UID, cs.Status)
	return cs
}

// sealReplica makes a replica that reads and writes without a cache, and is not started.
func (s *sealServer) sealReplica(namespace string) *sealReplica {
	r := &sealReplica{stop: func() {}}
	r.sealSecret = &sealSecret{
		seals: &ledger.Seals{}, namespace: namespace, client: s.Client, reader: s.Client, clock: clock.RealClock{}, gone: make(chan struct{}, 1),
		log: funcr.New(func(_, args string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.logs = append(r.logs, args)
		}, funcr.Options{}),
	}
	return r
}

// runs starts a replica, which competes for the lease of its namespace.
func (s *sealServer) runs(t *testing.T, namespace string) *sealReplica {
	lease, renew, retry, once := 3*time.Second, 2*time.Second, 200*time.Millisecond, true
	mgr, err := ctrl.NewManager(s.Config, ctrl.Options{
		Scheme: clusters.Scheme(), Metrics: server.Options{BindAddress: "0"}, Controller: config.Controller{SkipNameValidation: &once},
		Cache:          cache.Options{ByObject: map[client.Object]cache.ByObject{&corev1.Secret{}: {Namespaces: map[string]cache.Config{namespace: {}}}}},
		LeaderElection: true, LeaderElectionID: LeaseName, LeaderElectionNamespace: namespace, LeaderElectionReleaseOnCancel: true,
		LeaseDuration: &lease, RenewDeadline: &renew, RetryPeriod: &retry,
	})
	s.g.Expect(err).NotTo(HaveOccurred())
	r := s.sealReplica(namespace)
	r.client, r.reader = mgr.GetClient(), mgr.GetAPIReader()
	s.g.Expect(r.setup(t.Context(), mgr)).To(Succeed())
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.g.Expect(mgr.Start(ctx)).To(Succeed()) })
	r.stop = func() { cancel(); running.Wait() }
	t.Cleanup(r.stop)
	return r
}

func (s *sealServer) namespace(t *testing.T, name string) string {
	s.g = NewWithT(t)
	s.g.SetDefaultEventuallyTimeout(20 * time.Second)
	s.g.Expect(s.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})).To(Succeed())
	return name
}

func (s *sealServer) sealSecret(t *testing.T, namespace string) *corev1.Secret {
	secret := &corev1.Secret{}
	s.g.Expect(s.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: sealSecretName}, secret)).To(Succeed())
	return secret
}

// setKeys has a user write the Secret's data.
func (s *sealServer) setKeys(t *testing.T, namespace string, data map[string][]byte) {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: sealSecretName}, Data: data}
	if err := s.Client.Create(t.Context(), secret); err == nil {
		return
	}
	secret = s.sealSecret(t, namespace)
	secret.Data = data
	s.g.Expect(s.Client.Update(t.Context(), secret)).To(Succeed())
}

func TestSealSecret_AgainstAnAPIServer(t *testing.T) {
	s := startSealServer(t)
	for name, test := range map[string]func(*testing.T, *sealServer, string){
		"made-once-and-read-by-a-standby": sealSecretMadeOnce,
		"raced-for":                       sealSecretRaced,
		"rotated":                         sealSecretRotated,
		"deleted":                         sealSecretDeleted,
		"unusable":                        sealSecretUnusable,
		"forbidden":                       sealSecretForbidden,
	} {
		t.Run(name, func(t *testing.T) { test(t, s, s.namespace(t, name)) })
	}
}

func sealSecretMadeOnce(t *testing.T, s *sealServer, namespace string) {
	a, b := s.runs(t, namespace), s.runs(t, namespace)
	for _, r := range []*sealReplica{a, b} {
		s.g.Eventually(r.seals.Known).Should(HaveLen(1))
	}
	made := s.sealSecret(t, namespace)
	s.g.Expect(made.Data).To(HaveLen(1))
	s.g.Expect(made.Data[sealKeyField]).To(HaveLen(ledger.MinSealKey))
	s.g.Expect(a.seals.Known()).To(Equal([]ledger.SealKey{made.Data[sealKeyField]}))
	s.g.Expect(b.seals.Known()).To(Equal(a.seals.Known()))
	s.g.Expect(a.logged("made the Secret") + b.logged("made the Secret")).To(Equal(1))

	leader, standby := a, b
	if b.logged("made the Secret") == 1 {
		leader, standby = b, a
	}
	old := sealedWith(leader.seals)
	leader.stop()
	late := s.runs(t, namespace)
	s.g.Expect(late.seals.Known()).To(Equal(a.seals.Known()), "before the first object of a member is read")
	standby.begin(t.Context())
	s.g.Expect(standby.seals.Right(old.UID, old.Status)).To(BeTrue())
	s.g.Expect(s.sealSecret(t, namespace).ResourceVersion).To(Equal(made.ResourceVersion), "a successor changes nothing")
}

// firstRead is a reader whose first answer waits until the others have theirs.
type firstRead struct {
	client.Reader
	once     sync.Once
	together *sync.WaitGroup
}

func (r *firstRead) Get(ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
	err := r.Reader.Get(ctx, key, into, options...)
	r.once.Do(func() {
		r.together.Done()
		r.together.Wait()
	})
	return err
}

func sealSecretRaced(t *testing.T, s *sealServer, namespace string) {
	var read sync.WaitGroup
	replicas := []*sealReplica{s.sealReplica(namespace), s.sealReplica(namespace), s.sealReplica(namespace)}
	var all sync.WaitGroup
	for _, r := range replicas {
		read.Add(1)
		r.reader = &firstRead{Reader: s.Client, together: &read}
	}
	for _, r := range replicas {
		all.Go(func() { r.begin(t.Context()) })
	}
	all.Wait()
	key := s.sealSecret(t, namespace).Data[sealKeyField]
	made := 0
	for _, r := range replicas {
		s.g.Expect(r.seals.Known()).To(Equal([]ledger.SealKey{key}), "without waiting for the watch")
		made += r.logged("made the Secret")
	}
	s.g.Expect(made).To(Equal(1))
}

func sealSecretRotated(t *testing.T, s *sealServer, namespace string) {
	a := s.runs(t, namespace)
	s.g.Eventually(a.seals.Known).Should(HaveLen(1))
	b := s.runs(t, namespace)
	made := s.sealSecret(t, namespace).Data[sealKeyField]
	old := sealedWith(a.seals)
	s.setKeys(t, namespace, map[string][]byte{sealKeyField: keyOne, previousSealKeyField: made})
	for _, r := range []*sealReplica{a, b} {
		s.g.Eventually(r.seals.Known).Should(Equal([]ledger.SealKey{keyOne, made}))
		s.g.Expect(r.seals.Right(old.UID, old.Status)).To(BeTrue(), "sealed before")
		s.g.Expect(r.seals.Of(old.UID, old.Status)).To(Equal(sealsOf(keyOne, nil).Of(old.UID, old.Status)))
	}
	next := sealedWith(a.seals)
	s.setKeys(t, namespace, map[string][]byte{sealKeyField: keyTwo, previousSealKeyField: keyOne})
	for _, r := range []*sealReplica{a, b} {
		s.g.Eventually(r.seals.Known).Should(Equal([]ledger.SealKey{keyTwo, keyOne}))
		s.g.Expect(r.seals.Right(next.UID, next.Status)).To(BeTrue())
		s.g.Expect(r.seals.Right(old.UID, old.Status)).To(BeFalse(), "two keys at a time")
	}
	b.begin(t.Context())
	s.g.Expect(s.sealSecret(t, namespace).Data).To(HaveLen(2), "the hub changes nothing in it")
}

func sealSecretDeleted(t *testing.T, s *sealServer, namespace string) {
	a := s.runs(t, namespace)
	s.g.Eventually(a.seals.Known).Should(HaveLen(1))
	b := s.runs(t, namespace)
	data := map[string][]byte{sealKeyField: keyOne, previousSealKeyField: keyTwo}
	s.setKeys(t, namespace, data)
	for i, r := range []*sealReplica{a, b, a} {
		s.g.Eventually(r.seals.Known).Should(Equal([]ledger.SealKey{keyOne, keyTwo}))
		before := s.sealSecret(t, namespace)
		s.g.Expect(s.Client.Delete(t.Context(), before)).To(Succeed())
		s.g.Eventually(func() int { return a.logged("made the Secret") }).Should(Equal(i+2), "by the leader, each time")
		made := s.sealSecret(t, namespace)
		s.g.Expect(made.UID).NotTo(Equal(before.UID))
		s.g.Expect(made.Data).To(Equal(data), "the keys that are in use")
	}
	s.g.Expect(b.logged("made the Secret")).To(BeZero(), "a standby makes none")

	a.stop()
	b.stop()
	s.g.Expect(s.Client.Delete(t.Context(), s.sealSecret(t, namespace))).To(Succeed())
	next := s.sealReplica(namespace)
	next.begin(t.Context())
	old := sealedWith(a.seals)
	s.g.Expect(next.logged("made the Secret")).To(Equal(1))
	s.g.Expect(next.seals.Right(old.UID, old.Status)).To(BeFalse(), "nobody knows the keys any more")
}

func sealSecretUnusable(t *testing.T, s *sealServer, namespace string) {
	const complaint = "holds no usable key"
	old := sealedWith(sealsOf(keyOne, nil))
	var r *sealReplica
	for i, data := range []map[string][]byte{
		nil,
		{sealKeyField: nil},
		{sealKeyField: keyOne[:ledger.MinSealKey-1]},
		{previousSealKeyField: keyOne},
		{"tls.crt": keyOne, "tls.key": keyTwo},
		{sealKeyField: []byte("short"), previousSealKeyField: keyOne},
	} {
		s.setKeys(t, namespace, data)
		if r == nil {
			r = s.runs(t, namespace)
		}
		r.begin(t.Context())
		s.g.Eventually(r.logged).WithArguments(complaint).Should(Equal(i + 1))
		s.g.Expect(r.logged(sealSecretName)).To(BeNumerically(">", 0))
		s.g.Expect(r.seals.Known()).To(BeEmpty())
		s.g.Expect(r.seals.Of(old.UID, old.Status)).To(BeEmpty())
		s.g.Expect(r.seals.Right(old.UID, old.Status)).To(BeFalse(), "looked up")
		s.g.Expect(s.sealSecret(t, namespace).Data).To(HaveLen(len(data)), "it is not the hub's to change")

		secret := s.sealSecret(t, namespace)
		secret.Labels = map[string]string{"touched": namespace}
		s.g.Expect(s.Client.Update(t.Context(), secret)).To(Succeed())
		r.begin(t.Context())
		s.g.Expect(r.logged(complaint)).To(Equal(i+1), "once")

		s.setKeys(t, namespace, map[string][]byte{sealKeyField: keyOne})
		s.g.Eventually(func() bool { return r.seals.Right(old.UID, old.Status) }).Should(BeTrue(), "mended")
	}
	s.g.Expect(r.logged("is usable")).To(Equal(r.logged(complaint)))
}

func sealSecretForbidden(t *testing.T, s *sealServer, namespace string) {
	impersonating := rest.CopyConfig(s.Config)
	impersonating.Impersonate = rest.ImpersonationConfig{UserName: "hub"}
	hub, err := client.New(impersonating, client.Options{Scheme: clusters.Scheme()})
	s.g.Expect(err).NotTo(HaveOccurred())
	clk := clocktesting.NewFakeClock(time.Unix(5000, 0))
	r := s.sealReplica(namespace)
	r.client, r.reader, r.clock = hub, hub, clk
	r.begin(t.Context())
	s.g.Expect(r.logged("statuses are not sealed yet")).To(Equal(1))
	s.g.Expect(r.seals.Known()).To(BeEmpty())

	ctx, cancel := context.WithCancel(t.Context())
	var making sync.WaitGroup
	making.Go(func() { s.g.Expect(r.make(ctx)).To(Succeed()) })
	const again = "Secret of seals not made; trying again"
	for i := range 3 {
		s.g.Eventually(clk.HasWaiters).Should(BeTrue())
		s.g.Expect(r.logged(again)).To(Equal(i + 1))
		s.allow(t, namespace, [][]string{nil, {"get"}, {"get", "create"}}[i])
		clk.Step(sealRetry - time.Millisecond)
		s.g.Expect(r.logged(again)).To(Equal(i+1), "each %s", sealRetry)
		clk.Step(time.Millisecond)
	}
	s.g.Eventually(r.seals.Known).Should(HaveLen(1))
	cancel()
	making.Wait()
	s.g.Expect(r.seals.Known()).To(Equal([]ledger.SealKey{s.sealSecret(t, namespace).Data[sealKeyField]}))
}

// allow gives the user hub rights on Secrets.
func (s *sealServer) allow(t *testing.T, namespace string, verbs []string) {
	if len(verbs) == 0 {
		return
	}
	meta := metav1.ObjectMeta{Namespace: namespace, Name: verbs[len(verbs)-1]}
	s.g.Expect(s.Client.Create(t.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: verbs},
	}})).To(Succeed())
	s.g.Expect(s.Client.Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "hub"}},
	})).To(Succeed())
}
