package kubeconfigs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// certificateFor is a PEM certificate that is good for a time.
func certificateFor(t *testing.T, from, until time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestLifetimeOf_IsOfTheCredentialThatEndsFirst(t *testing.T) {
	const day = 24 * time.Hour
	token := tokenOf("hub", "u", noon)
	year, week := certificateFor(t, noon, noon.Add(365*day)), certificateFor(t, noon, noon.Add(7*day))
	for name, test := range map[string]struct {
		access rest.Config
		want   lifetime
	}{
		"an opaque token":   {rest.Config{BearerToken: "opaque"}, lifetime{of: "token"}},
		"a token":           {rest.Config{BearerToken: token}, lifetime{noon, noon.Add(time.Hour), "token"}},
		"a certificate":     {rest.Config{TLSClientConfig: rest.TLSClientConfig{CertData: year}}, lifetime{noon, noon.Add(365 * day), "client certificate"}},
		"a chain":           {rest.Config{TLSClientConfig: rest.TLSClientConfig{CertData: append(year[:len(year):len(year)], week...)}}, lifetime{noon, noon.Add(7 * day), "client certificate"}},
		"both":              {rest.Config{BearerToken: token, TLSClientConfig: rest.TLSClientConfig{CertData: year}}, lifetime{noon, noon.Add(time.Hour), "token"}},
		"no end and a cert": {rest.Config{BearerToken: "opaque", TLSClientConfig: rest.TLSClientConfig{CertData: week}}, lifetime{noon, noon.Add(7 * day), "client certificate"}},
	} {
		t.Run(name, func(t *testing.T) { NewWithT(t).Expect(lifetimeOf(&test.access)).To(Equal(test.want)) })
	}
}

func TestLifetime_ExpiresAWeekOrAFifthOfItBeforeItsEnd(t *testing.T) {
	const day = 24 * time.Hour
	for name, test := range map[string]struct {
		life  lifetime
		early time.Duration // 0 for never
	}{
		"a year":          {lifetime{noon.Add(-364 * day), noon.Add(day), "token"}, 7 * day},
		"an hour":         {lifetime{noon.Add(-time.Hour), noon, "token"}, 12 * time.Minute},
		"no known start":  {lifetime{time.Time{}, noon, "token"}, 7 * day},
		"one without end": {lifetime{noon, time.Time{}, "token"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			if test.early == 0 {
				g.Expect(test.life.expiring(noon.Add(1000 * day))).To(BeEmpty())
				return
			}
			g.Expect(test.life.expiring(test.life.until.Add(-test.early - time.Second))).To(BeEmpty())
			g.Expect(test.life.expiring(test.life.until.Add(-test.early))).To(ContainSubstring("ends at " + test.life.until.Format(time.RFC3339)))
		})
	}
}

func TestMember_TellsThatItsCredentialEndsSoon(t *testing.T) {
	g := NewWithT(t)
	clk, recorder := clocktesting.NewFakeClock(noon), events.NewFakeRecorder(10)
	p := New(Options{Clock: clk, Log: logr.Discard(), Recorder: recorder})
	m := newMember(p, "eu")
	w := desired{
		secret: &corev1.ObjectReference{}, fingerprint: [32]byte{1},
		life: lifetime{noon.Add(-300 * 24 * time.Hour), noon.Add(8 * 24 * time.Hour), "client certificate"},
	}
	m.update(w)
	m.replace(&engagement{desired: w, cache: &memberCache{ctx: t.Context()}, limiters: newObjectLimiters(p, "eu", func() {}, func(error) {})})
	m.report(outcome{})
	g.Expect(recorder.Events).To(Receive(HavePrefix("Normal Connected")))
	g.Expect(m.healthNow().CredentialExpiry).To(Equal(w.life.until))

	clk.Step(25 * time.Hour)
	m.report(outcome{})
	g.Expect(recorder.Events).To(Receive(Equal("Warning CredentialExpiring watching, but the client certificate ends at 2026-12-01T12:00:00Z: put a new one into the Secret")))
	g.Expect(m.healthNow()).To(haveState(Connected, ReasonCredentialExpiring))
	m.report(outcome{})
	g.Expect(recorder.Events).NotTo(Receive(), "once")
	m.setForbidden(true)
	g.Expect(m.healthNow().Reason).To(Equal(ReasonCredentialExpiring))
	m.report(outcome{})
	g.Expect(m.healthNow().Message).To(And(ContainSubstring("the client certificate ends"), ContainSubstring("patch commitstatuses/status")))
	g.Expect(m.healthNow().Forbidden).To(BeTrue())
}

func TestMember_TellsThatItsCredentialEndsHoweverItIs(t *testing.T) {
	const day = 24 * time.Hour
	ending := lifetime{noon.Add(-300 * day), noon.Add(3 * day), "client certificate"}
	lasting := lifetime{noon, noon.Add(300 * day), "token"}
	down := errors.New("connection refused")
	for name, test := range map[string]struct {
		secret, engaged lifetime
		// came is what came of the attempt; begun says that the member's caches are being filled.
		came         outcome
		begun        bool
		objects      int
		state        State
		reason, said string
	}{
		"has objects left out":         {ending, ending, outcome{}, true, 2, Connected, ReasonCredentialExpiring, "the newest are left out"},
		"is listed for the first time": {ending, ending, outcome{}, false, 0, Connecting, ReasonListing, "first lists"},
		"is down":                      {ending, lifetime{}, outcome{err: down}, false, 0, Unreachable, ReasonUnreachable, "refused"},
		"is a refused duplicate":       {ending, lifetime{}, outcome{err: desired{}.refusedAs("older").refused}, false, 0, Refused, SameCluster, "older"},
		"has a new kubeconfig that does not work, the one before ends": {
			lasting, ending, outcome{err: down, kept: true}, true, 0, Connected, ReasonUnreachable, "not used yet",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			recorder := events.NewFakeRecorder(10)
			p := New(Options{Clock: clocktesting.NewFakeClock(noon), Log: logr.Discard(), Recorder: recorder, ObjectLimit: 1})
			m := newMember(p, "eu")
			w := desired{secret: &corev1.ObjectReference{}, fingerprint: [32]byte{1}, life: test.secret}
			m.update(w)
			if test.engaged != (lifetime{}) {
				bounds, cache := newObjectLimiters(p, "eu", func() {}, func(error) {}), &memberCache{}
				if test.begun {
					cache.ctx = t.Context()
				}
				into := newInformer(&v1alpha1.GitRepo{})
				intake := bounds.add(into, "").objectLimiter
				for n := range test.objects {
					_, _ = intake.admit(repo(fmt.Sprint("r", n), fmt.Sprint(n+1)), true, 0)
				}
				m.replace(&engagement{desired: desired{life: test.engaged}, cache: cache, limiters: bounds})
			}
			for range 2 {
				m.report(test.came)
			}
			health := m.healthNow()
			g.Expect(health).To(haveState(test.state, test.reason))
			g.Expect(health.CredentialExpiry).To(Equal(ending.until))
			g.Expect(health.Message).To(And(ContainSubstring("the client certificate ends at 2026-11-26T12:00:00Z"), ContainSubstring(test.said)))
			var expiring int
			for len(recorder.Events) > 0 {
				if strings.HasPrefix(<-recorder.Events, "Warning CredentialExpiring") {
					expiring++
				}
			}
			g.Expect(expiring).To(Equal(1), "events about it")
		})
	}
}
