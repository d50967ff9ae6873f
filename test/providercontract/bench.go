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
)

// patience ends what hangs although it should not.
const patience = 30 * time.Second

// bench is one SCM and an account of it, with what the cases do over and over.
type bench struct {
	*gomega.WithT
	*SCM
	t       *testing.T
	account providers.Account
}

func newBench(t *testing.T, start func(*testing.T) *SCM) *bench {
	t.Helper()
	b := &bench{WithT: gomega.NewWithT(t), SCM: start(t), t: t}
	t.Cleanup(b.Installations.CloseIdleConnections)
	if b.Provider.Spec.RateLimit == nil {
		var none int64
		b.Provider.Spec.RateLimit = &v1alpha1.RateLimit{
			RequestsPerHour: &none, RequestsPerMinute: &none, PointsPerMinute: &none,
			WritesPerMinute: &none, WritesPerHour: &none, MaxInFlight: &none,
		}
	}
	b.account = b.open()
	return b
}

func (b *bench) open() providers.Account {
	b.t.Helper()
	account, err := b.Kind.Open(b.Provider, b.Secret)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	return account
}

// ctx ends long before the test's own deadline.
func (b *bench) ctx() context.Context {
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	b.t.Cleanup(cancel)
	return ctx
}

// client opens the repository.
func (b *bench) client() providers.Client {
	b.t.Helper()
	c, err := b.account.Client(b.ctx(), b.Repository)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	_, known := b.account.Lane(b.Repository)
	b.Expect(known).To(gomega.BeTrue(), "who has a client knows its lane")
	return c
}

// at is the target of a name on the known commit.
func (b *bench) at(name string) providers.Target {
	return providers.Target{Repository: b.Repository, SHA: b.SHA, Name: name, ExternalID: "commit-status-hub/" + name}
}

func (b *bench) commit() providers.Commit {
	return providers.Commit{Repository: b.Repository, SHA: b.SHA}
}

// sent counts requests, and writes among them; 0 where the SCM does not tell.
func (b *bench) sent() (calls, writes int) {
	if b.Calls != nil {
		calls = b.Calls()
	}
	if b.Writes != nil {
		writes = b.Writes()
	}
	return calls, writes
}

// bring takes the step that leads from shown to want, and checks that it takes
// one request, or none. ok is false where the SCM cannot get there.
func (b *bench) bring(c providers.Client, at providers.Target, shown *providers.Shown, want providers.Status) (_ providers.Shown, ok bool) {
	b.t.Helper()
	calls, writes := b.sent()
	var now providers.Shown
	var err error
	requests := 1
	step := b.account.Next(shown, want)
	switch step {
	case providers.StepCreate:
		now, err = c.Create(b.ctx(), at, want)
	case providers.StepReplace:
		requests = 2
		b.close(c, at, *shown, want)
		now, err = c.Create(b.ctx(), at, want)
	case providers.StepUpdate:
		now, err = c.Update(b.ctx(), at, *shown, want)
	case providers.StepNone:
		now, requests = *shown, 0
	case providers.StepUnsupported:
		obstacle := b.account.Obstacle(shown, want)
		b.Expect(obstacle).NotTo(gomega.BeEmpty(), "an obstacle is named")
		b.Expect(shown).NotTo(gomega.BeNil(), "out of reach from nothing: %s", obstacle)
		now, requests = *shown, 0
	}
	b.Expect(err).NotTo(gomega.HaveOccurred())
	callsNow, writesNow := b.sent()
	if b.Calls != nil {
		b.Expect(callsNow-calls).To(gomega.Equal(requests), "requests for step %d", step)
	}
	if b.Writes != nil {
		b.Expect(writesNow-writes).To(gomega.Equal(requests), "writes for step %d", step)
	}
	return now, step != providers.StepUnsupported
}

// close ends what is shown before a new status shows want.
func (b *bench) close(c providers.Client, at providers.Target, shown providers.Shown, want providers.Status) {
	b.t.Helper()
	closing := providers.Closing(shown.Status, want)
	b.Expect(shown.Over()).To(gomega.BeFalse(), "what has ended is not ended again")
	b.Expect(b.account.Next(&shown, closing)).To(gomega.Equal(providers.StepUpdate), "it ends in place")
	ended, err := c.Update(b.ctx(), at, shown, closing)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	b.Expect(ended.Over()).To(gomega.BeTrue())
	b.Expect(b.account.Next(&ended, want)).To(gomega.Equal(providers.StepCreate), "and a new one comes after it")
}

// make makes the first status at a target.
func (b *bench) make(c providers.Client, at providers.Target, want providers.Status) providers.Shown {
	b.t.Helper()
	b.Expect(b.account.Next(nil, want)).To(gomega.Equal(providers.StepCreate))
	shown, _ := b.bring(c, at, nil, want)
	b.shows(at, &shown, want)
	return shown
}

// shows checks that the SCM shows want, and that the provider said so.
func (b *bench) shows(at providers.Target, said *providers.Shown, want providers.Status) {
	b.t.Helper()
	b.Expect(said).NotTo(gomega.BeNil(), "%q is shown", at.Name)
	b.Expect(b.shown(at)).To(gomega.Equal(b.account.Render(want)), "what %q shows", at.Name)
	b.Expect(b.account.Render(said.Status)).To(gomega.Equal(b.account.Render(want)), "what was said of %q", at.Name)
	b.Expect(b.account.Next(said, want)).To(gomega.Equal(providers.StepNone), "%q is done", at.Name)
	b.Expect(said.Handle).NotTo(gomega.BeZero(), "%q can be found again", at.Name)
	b.Expect(said.Foreign).To(gomega.BeFalse(), "%q is ours", at.Name)
	if b.Unfinished != nil {
		b.Expect(b.Unfinished(at)).To(gomega.BeZero(), "unfinished statuses beside %q", at.Name)
	}
}

// shown is the status that counts at a target.
func (b *bench) shown(at providers.Target) providers.Status {
	b.t.Helper()
	all := b.All(at)
	b.Expect(all).NotTo(gomega.BeEmpty(), "statuses named %q", at.Name)
	return all[len(all)-1]
}

func (b *bench) find(c providers.Client, at providers.Target) *providers.Shown {
	b.t.Helper()
	shown, err := c.Find(b.ctx(), at)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	return shown
}

func (b *bench) list(c providers.Client, tag string) providers.Listing {
	b.t.Helper()
	listing, err := c.List(b.ctx(), b.commit(), tag)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	return listing
}

// fails checks an error's reason, and that it can be shown to everybody.
func (b *bench) fails(err error, reason string) *providers.Error {
	b.t.Helper()
	b.Expect(err).To(gomega.HaveOccurred())
	b.Expect(err).To(gomega.BeAssignableToTypeOf(&providers.Error{}))
	e := providers.AsError(err)
	b.Expect(e.Reason).To(gomega.Equal(reason), e.Message)
	b.Expect(e.Message).NotTo(gomega.BeEmpty())
	b.Expect(e.Message).To(gomega.Equal(providers.Sentence(e.Message)), "one short line that prints")
	b.Expect(utf8.RuneCountInString(e.Message)).To(gomega.BeNumerically("<=", 300))
	b.Expect(e.Message).NotTo(gomega.ContainSubstring("<"), "no page of somebody's")
	b.tellsNothingSecret(e.Message)
	return e
}

// tellsNothingSecret checks that no value of the Secret, and no line of one, is in
// what an account or an error prints as. A username is no secret.
func (b *bench) tellsNothingSecret(v any) {
	b.t.Helper()
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

// pausedUntil is until when the repository's installation takes nothing.
func (b *bench) pausedUntil() time.Time {
	lane, _ := b.account.Lane(b.Repository)
	return b.Installations.Get(lane).PausedUntil()
}
