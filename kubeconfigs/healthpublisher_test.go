package kubeconfigs

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

var _ = Describe("The annotation of a member's Secret", func() {
	annotation := func(ctx context.Context, secret *corev1.Secret) func() HealthAnnotation {
		return func() HealthAnnotation {
			now := &corev1.Secret{}
			Expect(hub.Client.Get(ctx, client.ObjectKeyFromObject(secret), now)).To(Succeed())
			if now.Annotations[HealthKey] == "" {
				return HealthAnnotation{}
			}
			h, err := ParseHealthAnnotation(now.Annotations[HealthKey])
			Expect(err).NotTo(HaveOccurred())
			*secret = *now
			return h
		}
	}
	state := func(state State, crds CRDs) OmegaMatcher {
		return And(HaveField("State", state), HaveField("CRDs", crds))
	}

	It("says how the member is and when its token ends, and stays while that does", func(ctx SpecContext) {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", GenerateName: "robot-"}}
		Expect(hub.Client.Create(ctx, account)).To(Succeed())
		request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(3600))}}
		Expect(hub.Client.SubResource("token").Create(ctx, account, request)).To(Succeed())

		r := runReplica(ctx)
		good := r.add(ctx, "good", insider(hub, "announced"))
		lacking := r.add(ctx, "bare", insider(bare, "announced"))
		robot := r.add(ctx, "robot", hub.KubeconfigFor(&rest.Config{BearerToken: request.Status.Token}))
		bad := r.add(ctx, "bad", []byte("no kubeconfig"))
		Eventually(annotation(ctx, good)).Should(state(Connected, CRDsComplete))
		Expect(annotation(ctx, good)().Since).To(BeTemporally("~", time.Now(), time.Minute))
		Eventually(annotation(ctx, lacking)).Should(state(Incomplete, CRDsMissing))
		Eventually(annotation(ctx, robot)).Should(And(HaveField("State", Denied),
			HaveField("CredentialExpiry", BeTemporally("~", request.Status.ExpirationTimestamp.Time, time.Second))))
		Eventually(annotation(ctx, bad)).Should(And(HaveField("State", Refused), HaveField("Reason", KubeconfigUnreadable)))

		By("starting another one, which finds it so")
		version, since := good.ResourceVersion, annotation(ctx, good)().Since
		r.stop()
		again := runReplica(ctx, func(m *manager.Options, o *Options) {
			m.Cache.DefaultNamespaces = map[string]cache.Config{r.namespace: {}}
			o.Namespace = r.namespace
		})
		Eventually(again.health("good")).Should(haveState(Connected, ReasonConnected))
		Consistently(annotation(ctx, good)).WithTimeout(time.Second).Should(HaveField("Since", since))
		Expect(good.ResourceVersion).To(Equal(version))

		By("refusing status patches")
		permissions := func(p Permissions) OmegaMatcher { return HaveField("Permissions", p) }
		Expect(annotation(ctx, good)()).To(permissions(PermissionsComplete))
		Expect(annotation(ctx, robot)()).To(permissions(PermissionsMissing))
		again.provider.SetRefused("good", "team-a/build: denied\x1b[2J by a policy")
		Eventually(annotation(ctx, good)).Should(And(state(Connected, CRDsComplete), permissions(PermissionsComplete),
			HaveField("Reason", ReasonStatusRefused), HaveField("Message", ContainSubstring("team-a/build: denied [2J by a policy"))))
		again.provider.SetRefused("good", "")
		Eventually(annotation(ctx, good)).Should(HaveField("Reason", ReasonConnected))
		again.provider.SetForbidden("good", true)
		Eventually(annotation(ctx, good)).Should(And(state(Connected, CRDsComplete), permissions(PermissionsMissing), HaveField("Reason", ReasonStatusForbidden)))
		Eventually(r.events(ctx, "good")).Should(ContainElement(ReasonStatusForbidden))
		again.provider.SetForbidden("good", false)
		Eventually(annotation(ctx, good)).Should(And(permissions(PermissionsComplete), HaveField("Reason", ReasonConnected)))
	})
})

func TestAnAnnotationChangesWithTheStateAlone(t *testing.T) {
	g := NewWithT(t)
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	old := HealthAnnotation{State: Unreachable, Since: at, Reason: ReasonTimedOut, Message: "from port 4711"}
	before, changed, err := annotationChange("", old)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(changed).To(BeTrue())

	now := old
	now.Since, now.Message = at.Add(time.Hour), "from port 4712"
	same, changed, err := annotationChange(before, now)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(changed).To(BeFalse())
	g.Expect(same).To(Equal(before))

	now.Reason = ReasonUnreachable
	value, changed, err := annotationChange(before, now)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(changed).To(BeTrue())
	g.Expect(value).To(Equal(`{"state":"Unreachable","since":"2026-11-23T11:00:00Z","reason":"Unreachable","message":"from port 4712"}`))

	now.CredentialExpiry = at
	_, changed, err = annotationChange(value, now)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(changed).To(BeTrue(), "another token")

	_, changed, err = annotationChange("{", now)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(changed).To(BeTrue(), "what is no JSON is replaced")
}

func TestWhatCannotBeAnnouncedIsTriedAgain(t *testing.T) {
	g := NewWithT(t)
	clk := clocktesting.NewFakeClock(time.Now())
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "hub", Name: "eu", UID: "u"}}
	var refused atomic.Int32
	refused.Store(1)
	api := interceptor.NewClient(fake.NewClientBuilder().WithObjects(secret).Build(), interceptor.Funcs{
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			if refused.Add(-1) >= 0 {
				return errors.New("the API server is away")
			}
			return c.Patch(ctx, o, p, opts...)
		},
	})
	p := New(Options{Clock: clk, Log: logr.Discard()})
	m := newMember(p, "eu")
	m.desired.secret, m.health = referenceTo(secret), Health{State: Connected, Reason: ReasonConnected, Since: clk.Now()}
	p.members["eu"] = m
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- (&healthPublisher{provider: p, client: api}).Start(ctx) }()
	g.Eventually(clk.HasWaiters).Should(BeTrue())
	clk.Step(publishRetry)
	g.Eventually(func() string {
		g.Expect(api.Get(ctx, client.ObjectKeyFromObject(secret), secret)).To(Succeed())
		return secret.Annotations[HealthKey]
	}).Should(ContainSubstring(`"state":"Connected"`))
	cancel()
	g.Eventually(ended).Should(Receive(BeNil()))
}

// A member that cannot be reached, and a new token for it.
func TestAnnouncement_TellsOfTheCredentialThatIsInUse(t *testing.T) {
	g := NewWithT(t)
	down := HealthAnnotation{State: Unreachable, Reason: ReasonUnreachable, Message: "dial tcp: connection refused"}
	before, _, err := annotationChange("", down)
	g.Expect(err).NotTo(HaveOccurred())

	ending := down
	ending.Message = "the token ends at 2026-12-01T00:00:00Z: put a new one into the Secret; also, " + down.Message
	told, _, err := annotationChange(before, ending)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(told).To(ContainSubstring("the token ends"))
	again, _, err := annotationChange(told, down)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again).NotTo(ContainSubstring("the token ends"), "there is a new one")
}
