package providercontract

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// patience ends what hangs although it should not.
const patience = 30 * time.Second

// Bench is one SCM and an account of it, with what tests do over and over: the contract's cases,
// and a provider's own tests.
type Bench struct {
	*gomega.WithT
	*SCM
	T       *testing.T
	Account providers.Account
}

// NewBench opens an account at an SCM.
func NewBench(t *testing.T, scm *SCM) *Bench {
	t.Helper()
	b := &Bench{WithT: gomega.NewWithT(t), SCM: scm, T: t}
	t.Cleanup(b.Installations.CloseIdleConnections)
	b.Account = b.Open()
	return b
}

// Unlimited is a rateLimit without limits.
func Unlimited() *v1alpha1.RateLimit {
	var none int64
	return &v1alpha1.RateLimit{
		RequestsPerHour: &none, RequestsPerMinute: &none, PointsPerMinute: &none,
		WritesPerMinute: &none, WritesPerHour: &none, MaxInFlight: &none,
	}
}

// Open opens an account with Provider and Secret as they are now.
func (b *Bench) Open() providers.Account {
	b.T.Helper()
	return b.OpenAs(b.Provider, b.Secret)
}

// OpenAs opens an account with another ScmProvider or another Secret.
func (b *Bench) OpenAs(provider *v1alpha1.ScmProvider, secret map[string][]byte) providers.Account {
	b.T.Helper()
	account, err := b.Kind.Open(provider, secret)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	return account
}

// Ctx ends long before the test's own deadline.
func (b *Bench) Ctx() context.Context {
	ctx, cancel := context.WithTimeout(b.T.Context(), patience)
	b.T.Cleanup(cancel)
	return ctx
}

// Client opens a repository.
func (b *Bench) Client(repository string) providers.Client {
	b.T.Helper()
	c, err := b.Account.Client(b.Ctx(), repository)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	_, known := b.Account.Lane(repository)
	b.Expect(known).To(gomega.BeTrue(), "who has a client knows its lane")
	return c
}

// Bucket is the budget of the repository's installation.
func (b *Bench) Bucket() *ratelimit.Bucket {
	lane, _ := b.Account.Lane(b.Repository)
	return b.Installations.Get(lane).Bucket()
}

// PausedUntil is until when the repository's installation takes nothing.
func (b *Bench) PausedUntil() time.Time {
	lane, _ := b.Account.Lane(b.Repository)
	return b.Installations.Get(lane).PausedUntil()
}

// Create makes a status.
func (b *Bench) Create(c providers.Client, at providers.Target, want providers.Status) providers.Shown {
	b.T.Helper()
	shown, err := c.Create(b.Ctx(), at, want)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	return shown
}

// Find looks a status up.
func (b *Bench) Find(c providers.Client, at providers.Target) *providers.Shown {
	b.T.Helper()
	shown, err := c.Find(b.Ctx(), at)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	return shown
}

// List lists the statuses of the commit.
func (b *Bench) List(c providers.Client, tag string) providers.Listing {
	b.T.Helper()
	listing, err := c.List(b.Ctx(), b.commit(), tag)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	return listing
}

// Step takes what is shown to want, in the step that Next says.
func (b *Bench) Step(c providers.Client, at providers.Target, shown *providers.Shown, want providers.Status) providers.Shown {
	b.T.Helper()
	var now providers.Shown
	var err error
	switch step := b.Account.Next(shown, want); step {
	case providers.StepNone:
		return *shown
	case providers.StepCreate:
		now, err = c.Create(b.Ctx(), at, want)
	case providers.StepReplace:
		_, err = c.Update(b.Ctx(), at, *shown, providers.Closing(shown.Status, want))
		b.Expect(err).NotTo(gomega.HaveOccurred())
		now, err = c.Create(b.Ctx(), at, want)
	case providers.StepUpdate:
		now, err = c.Update(b.Ctx(), at, *shown, want)
	case providers.StepUnsupported:
		b.T.Fatalf("out of reach: %s", b.Account.Obstacle(shown, want))
	}
	b.Expect(err).NotTo(gomega.HaveOccurred())
	return now
}

// Fails checks an error's reason, and that it can be shown to everybody.
func (b *Bench) Fails(err error, reason string) *providers.Error {
	b.T.Helper()
	b.Expect(err).To(gomega.HaveOccurred())
	b.Expect(err).To(gomega.BeAssignableToTypeOf(&providers.Error{}))
	e := providers.AsError(err)
	b.Expect(e.Reason).To(gomega.Equal(reason), e.Message)
	b.Expect(e.Message).NotTo(gomega.BeEmpty())
	b.Expect(e.Message).To(gomega.Equal(providers.Sentence(e.Message)), "one short line that prints")
	b.Expect(utf8.RuneCountInString(e.Message)).To(gomega.BeNumerically("<=", 300))
	b.Expect(e.Message).NotTo(gomega.ContainSubstring("<"), "no page of somebody's")
	b.Expect(e.Message).NotTo(gomega.ContainSubstring("http://"), "no address of the SCM")
	b.Expect(e.Message).NotTo(gomega.MatchRegexp("gh[ps]_|glpat-"), "no token")
	b.tellsNothingSecret(e.Message)
	return e
}

// tellsNothingSecret checks that no value of the Secret, and no line of one, is in
// what an account or an error prints as. A username is no secret.
func (b *Bench) tellsNothingSecret(v any) {
	b.T.Helper()
	text := fmt.Sprintf("%v %+v", v, v)
	for key, value := range b.Secret {
		if key == "username" {
			continue
		}
		for line := range strings.Lines(string(value)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "-----") {
				b.Expect(text).NotTo(gomega.ContainSubstring(line), "value of %s", key)
			}
		}
	}
}
