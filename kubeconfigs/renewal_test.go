package kubeconfigs

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// tokenWith is a JWT with these claims.
func tokenWith(claims map[string]any) string {
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return "e30." + base64.RawURLEncoding.EncodeToString(payload) + ".c2lnbmF0dXJl"
}

// tokenOf is a token of ServiceAccount system/NAME that lives for an hour from then on.
func tokenOf(name, uid string, issued time.Time) string {
	return tokenWith(map[string]any{
		"iat": issued.Unix(), "exp": issued.Add(time.Hour).Unix(), "sub": "system:serviceaccount:system:" + name,
		"kubernetes.io": map[string]any{"serviceaccount": map[string]any{"uid": uid}},
	})
}

func TestVetRenewed_AcceptsOnlyALivingTokenOfTheSameAccount(t *testing.T) {
	old, _ := ReadToken(tokenOf("hub", "u", noon.Add(-31*time.Minute)))
	for name, test := range map[string]struct{ token, why string }{
		"good":                 {tokenOf("hub", "u", noon), ""},
		"clock slightly ahead": {tokenOf("hub", "u", noon.Add(time.Minute)), ""},
		"none":                 {"", "gave none"},
		"a space":              {tokenOf("hub", "u", noon) + " x", "characters"},
		"a line break":         {tokenOf("hub", "u", noon) + "\nX-Evil: 1", "characters"},
		"an escape":            {tokenOf("hub", "u", noon) + "\x1b[2J", "characters"},
		"not ASCII":            {tokenOf("hub", "u", noon) + "é", "characters"},
		"too long":             {tokenOf("hub", "u", noon) + strings.Repeat("A", 16<<10), "16 KiB"},
		"no JWT":               {"opaque", "no JWT"},
		"another name":         {tokenOf("admin", "u", noon), "another account"},
		"another UID":          {tokenOf("hub", "v", noon), "another account"},
		"no UID":               {tokenOf("hub", "", noon), "another account"},
		"another namespace": {tokenWith(map[string]any{
			"iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix(), "sub": "system:serviceaccount:kube-system:hub",
			"kubernetes.io": map[string]any{"serviceaccount": map[string]any{"uid": "u"}},
		}), "another account"},
		"ended":                 {tokenOf("hub", "u", noon.Add(-time.Hour)), "has ended"},
		"ends soon":             {tokenOf("hub", "u", noon.Add(-50*time.Minute)), "has ended, or will soon"},
		"of the future":         {tokenOf("hub", "u", noon.Add(time.Hour)), "in the future"},
		"without an end":        {tokenWith(map[string]any{"iat": noon.Unix(), "sub": "system:serviceaccount:system:hub", "kubernetes.io": map[string]any{"serviceaccount": map[string]any{"uid": "u"}}}), "its life"},
		"ends before it begins": {tokenWith(map[string]any{"iat": noon.Unix(), "exp": noon.Add(-time.Second).Unix(), "sub": "system:serviceaccount:system:hub", "kubernetes.io": map[string]any{"serviceaccount": map[string]any{"uid": "u"}}}), "its life"},
		"after the year 9999":   {tokenWith(map[string]any{"iat": noon.Unix(), "exp": 1e15, "sub": "system:serviceaccount:system:hub", "kubernetes.io": map[string]any{"serviceaccount": map[string]any{"uid": "u"}}}), "no JWT"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			claims, err := vetRenewed(old, test.token, noon)
			if test.why == "" {
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(claims.UID).To(Equal(types.UID("u")))
				return
			}
			g.Expect(err).To(MatchError(ContainSubstring(test.why)))
			if test.token != "" {
				g.Expect(err.Error()).NotTo(ContainSubstring(test.token))
			}
		})
	}
}

func TestRenewals_BackOffUpToAQuarterOfAnHour(t *testing.T) {
	g := NewWithT(t)
	at, r := noon, renewals{}
	var waits []time.Duration
	for range 7 {
		g.Expect(r.allowed(at)).To(BeTrue())
		r = r.failed(at, noon.Add(300*time.Hour))
		waits = append(waits, r.retryAt.Sub(at))
		g.Expect(r.allowed(r.retryAt.Add(-time.Second))).To(BeFalse())
		at = r.retryAt
	}
	m := time.Minute
	g.Expect(waits).To(Equal([]time.Duration{m, 2 * m, 4 * m, 8 * m, 15 * m, 15 * m, 15 * m}))
	g.Expect(r.failed(noon, noon.Add(20*time.Minute)).retryAt).To(Equal(noon.Add(5*time.Minute)), "the token ends soon")
	g.Expect(r.failed(noon, noon.Add(-time.Minute)).retryAt).To(Equal(noon.Add(time.Minute)), "it has ended")
}

// renewal is a renewer between a hub's Secret and a member that gives tokens.
type renewal struct {
	*renewer
	m        *member
	secret   *corev1.Secret
	api      client.Client
	clock    *clocktesting.FakeClock
	events   *events.FakeRecorder
	gives    atomic.Pointer[string]
	requests atomic.Int32
	patch    func(dryRun bool) error
}

// newRenewal is due for a renewal.
func newRenewal(t *testing.T) *renewal {
	t.Helper()
	g := NewWithT(t)
	r := &renewal{clock: clocktesting.NewFakeClock(noon), events: events.NewFakeRecorder(100)}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if request.Method == http.MethodPost {
			r.requests.Add(1)
			fmt.Fprintf(w, `{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","metadata":{"annotations":{"escaped":"\\u003c"}},"status":{"token":%q,"expirationTimestamp":"2999-01-01T00:00:00Z"}}`, *r.gives.Load())
			return
		}
		kind := "CommitStatusList"
		if strings.Contains(request.URL.Path, gitRepos) {
			kind = "GitRepoList"
		}
		fmt.Fprintf(w, `{"kind":%q,"apiVersion":"commit-status.argoproj.io/v1alpha1","metadata":{"resourceVersion":"1"},"items":[]}`, kind)
	}))
	t.Cleanup(server.Close)
	r.gives.Store(new(tokenOf("hub", "u", noon)))
	config := good()
	config.Clusters["c"].Server, config.Clusters["c"].CertificateAuthorityData = server.URL, accessTo(server).CAData
	config.AuthInfos["u"].Token = tokenOf("hub", "u", noon.Add(-31*time.Minute))
	r.secret = &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "hub", Name: "eu", UID: "one", CreationTimestamp: metav1.NewTime(noon), Labels: map[string]string{MemberLabel: "true"}},
		Data:       map[string][]byte{KubeconfigKey: written(t, config)},
	}
	r.api = interceptor.NewClient(fake.NewClientBuilder().WithObjects(r.secret).Build(), interceptor.Funcs{
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			var options client.PatchOptions
			options.ApplyOptions(opts)
			if r.patch != nil {
				if err := r.patch(len(options.DryRun) > 0); err != nil {
					return err
				}
			}
			return c.Patch(ctx, o, p, opts...)
		},
	})
	p := New(Options{Clock: r.clock, Log: logr.Discard(), Namespace: "hub", Scheme: clusters.Scheme(), Recorder: r.events})
	g.Expect(r.api.Get(t.Context(), client.ObjectKeyFromObject(r.secret), r.secret)).To(Succeed())
	r.m = newMember(p, "eu")
	p.members["eu"] = r.m
	w := desiredOf(r.secret)
	g.Expect(w.refused).NotTo(HaveOccurred())
	c, err := dial(w.access, p.deadlines)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(c.close)
	r.m.update(w)
	r.m.replace(&engagement{desired: w, connection: c, cache: &memberCache{ctx: t.Context()}, limiters: newObjectLimiters(p, "eu", func() {}, func(error) {})})
	r.renewer = &renewer{provider: p, client: r.api, reader: r.api}
	return r
}

// attempt renews if that is due, and reports whether it was.
func (r *renewal) attempt(ctx context.Context) bool {
	e, due := r.m.tokenDue()
	if due {
		until, err := r.renew(ctx, e)
		r.m.noteRenewal(e, r.clock.Now(), until, err)
	}
	return due
}

func (r *renewal) stored(ctx context.Context, g Gomega) string {
	now := &corev1.Secret{}
	g.Expect(r.api.Get(ctx, client.ObjectKeyFromObject(r.secret), now)).To(Succeed())
	access, err := Vet(now.Data[KubeconfigKey])
	g.Expect(err).NotTo(HaveOccurred())
	return access.BearerToken
}

func TestRenewer_StoresWhatTheTokenItselfSays(t *testing.T) {
	g, r := NewWithT(t), newRenewal(t)
	g.Expect(r.attempt(t.Context())).To(BeTrue())
	g.Expect(r.stored(t.Context(), g)).To(Equal(*r.gives.Load()))
	g.Expect(r.events.Events).To(Receive(Equal("Normal TokenRenewed until 2026-11-23T13:00:00Z")), "not what the answer says beside it")
	_, health := r.m.reported()
	g.Expect(health.RenewalError).To(BeEmpty())
}

func TestRenewer_KeepsTheOldTokenWhereTheNewOneIsWrong(t *testing.T) {
	g, r := NewWithT(t), newRenewal(t)
	before := r.stored(t.Context(), g)
	r.gives.Store(new(tokenOf("hub", "another-clusters", noon)))
	g.Expect(r.attempt(t.Context())).To(BeTrue())
	g.Expect(r.stored(t.Context(), g)).To(Equal(before))
	g.Expect(r.events.Events).To(Receive(And(HavePrefix("Warning TokenRenewalFailed"), ContainSubstring("another account"))))
	g.Expect(r.attempt(t.Context())).To(BeFalse(), "it backs off")
	r.clock.Step(renewInterval)
	r.gives.Store(new(tokenOf("hub", "u", noon)))
	g.Expect(r.attempt(t.Context())).To(BeTrue())
	g.Expect(r.stored(t.Context(), g)).To(Equal(*r.gives.Load()))
}

func TestRenewer_RequestsNoTokenForASecretThatItCannotStoreInto(t *testing.T) {
	replace := func(g Gomega, r *renewal, change func(*corev1.Secret)) {
		again := r.secret.DeepCopy()
		again.ResourceVersion = ""
		change(again)
		g.Expect(r.api.Delete(context.Background(), r.secret)).To(Succeed())
		g.Expect(r.api.Create(context.Background(), again)).To(Succeed())
	}
	for name, test := range map[string]struct {
		change func(g Gomega, r *renewal)
		why    string
	}{
		"made again with the same content": {func(g Gomega, r *renewal) {
			replace(g, r, func(s *corev1.Secret) { s.UID = "two" })
		}, "has been replaced"},
		"another token by now": {func(g Gomega, r *renewal) {
			replace(g, r, func(s *corev1.Secret) {
				kubeconfig, err := withToken(s.Data[KubeconfigKey], tokenOf("hub", "u", noon.Add(-time.Minute)))
				g.Expect(err).NotTo(HaveOccurred())
				s.Data[KubeconfigKey] = kubeconfig
			})
		}, "has been replaced"},
		"gone":      {func(g Gomega, r *renewal) { g.Expect(r.api.Delete(context.Background(), r.secret)).To(Succeed()) }, "has been replaced"},
		"forbidden": {func(_ Gomega, r *renewal) { r.patch = func(bool) error { return errors.New("patching is forbidden") } }, "forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			g, r := NewWithT(t), newRenewal(t)
			test.change(g, r)
			g.Expect(r.attempt(t.Context())).To(BeTrue())
			g.Expect(r.requests.Load()).To(BeZero())
			_, health := r.m.reported()
			g.Expect(health.RenewalError).To(ContainSubstring(test.why))
			g.Expect(r.events.Events).To(Receive(HavePrefix("Warning TokenRenewalFailed")))
			g.Expect(r.attempt(t.Context())).To(BeFalse(), "it backs off")
		})
	}
}

func TestRenewer_StoresThoughTheSecretIsAnnotatedMeanwhile(t *testing.T) {
	g, r := NewWithT(t), newRenewal(t)
	conflicts := 2
	r.patch = func(dryRun bool) error {
		if conflicts--; dryRun || conflicts < 0 {
			return nil
		}
		return apierrors.NewConflict(corev1.Resource("secrets"), "eu", errors.New("annotated"))
	}
	g.Expect(r.attempt(t.Context())).To(BeTrue())
	g.Expect(r.requests.Load()).To(BeEquivalentTo(1))
	g.Expect(r.stored(t.Context(), g)).To(Equal(*r.gives.Load()))
}

func TestProvider_TakesASecretWithAnotherUIDForAnotherMember(t *testing.T) {
	g, r := NewWithT(t), newRenewal(t)
	p := r.provider
	ctx, cancel := context.WithCancel(t.Context())
	p.open(ctx)
	defer func() { cancel(); p.running.Wait() }()
	secret := r.secret.DeepCopy()
	secret.Data[KubeconfigKey] = []byte("refused, so that nothing is dialed")
	secret.Name = "us"
	p.observe(secret)
	first := p.member("us")
	g.Expect(p.JoinedAt("us")).To(BeTemporally("==", noon))

	relabeled := secret.DeepCopy()
	relabeled.ResourceVersion = "9"
	p.observe(relabeled)
	g.Expect(p.member("us")).To(BeIdenticalTo(first), "the same Secret")

	again := secret.DeepCopy()
	again.UID, again.CreationTimestamp = "two", metav1.NewTime(noon.Add(time.Hour))
	p.observe(again)
	g.Expect(p.member("us")).NotTo(BeIdenticalTo(first))
	g.Expect(p.JoinedAt("us")).To(BeTemporally("==", noon.Add(time.Hour)))
	g.Eventually(func() string { _, h := p.member("us").reported(); return h.Reason }).Should(Equal(KubeconfigUnreadable))
}
