package providercontract

import (
	"github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// client opens the repository.
func (b *Bench) client() providers.Client {
	b.T.Helper()
	return b.Client(b.Repository)
}

// at is the target of a name on the known commit.
func (b *Bench) at(name string) providers.Target {
	return providers.Target{Repository: b.Repository, SHA: b.SHA, Name: name, ExternalID: "commit-status-hub/" + name}
}

func (b *Bench) commit() providers.Commit {
	return providers.Commit{Repository: b.Repository, SHA: b.SHA}
}

// sent counts requests, and writes among them; 0 where the SCM does not tell.
func (b *Bench) sent() (calls, writes int) {
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
func (b *Bench) bring(c providers.Client, at providers.Target, shown *providers.Shown, want providers.Status) (_ providers.Shown, ok bool) {
	b.T.Helper()
	calls, writes := b.sent()
	var now providers.Shown
	var err error
	requests := 1
	step := b.Account.Next(shown, want)
	switch step {
	case providers.StepCreate:
		now, err = c.Create(b.Ctx(), at, want)
	case providers.StepReplace:
		requests = 2
		b.close(c, at, *shown, want)
		now, err = c.Create(b.Ctx(), at, want)
	case providers.StepUpdate:
		now, err = c.Update(b.Ctx(), at, *shown, want)
	case providers.StepNone:
		now, requests = *shown, 0
	case providers.StepUnsupported:
		obstacle := b.Account.Obstacle(shown, want)
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
func (b *Bench) close(c providers.Client, at providers.Target, shown providers.Shown, want providers.Status) {
	b.T.Helper()
	closing := providers.Closing(shown.Status, want)
	b.Expect(shown.Over()).To(gomega.BeFalse(), "what has ended is not ended again")
	b.Expect(b.Account.Next(&shown, closing)).To(gomega.Equal(providers.StepUpdate), "it ends in place")
	ended, err := c.Update(b.Ctx(), at, shown, closing)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	b.Expect(ended.Over()).To(gomega.BeTrue())
	b.Expect(b.Account.Next(&ended, want)).To(gomega.Equal(providers.StepCreate), "and a new one comes after it")
}

// make makes the first status at a target.
func (b *Bench) make(c providers.Client, at providers.Target, want providers.Status) providers.Shown {
	b.T.Helper()
	b.Expect(b.Account.Next(nil, want)).To(gomega.Equal(providers.StepCreate))
	shown, _ := b.bring(c, at, nil, want)
	b.shows(at, &shown, want)
	return shown
}

// shows checks that the SCM shows want, and that the provider said so.
func (b *Bench) shows(at providers.Target, said *providers.Shown, want providers.Status) {
	b.T.Helper()
	b.Expect(said).NotTo(gomega.BeNil(), "%q is shown", at.Name)
	b.Expect(b.shown(at)).To(gomega.Equal(b.Account.Render(want)), "what %q shows", at.Name)
	b.Expect(b.Account.Render(said.Status)).To(gomega.Equal(b.Account.Render(want)), "what was said of %q", at.Name)
	b.Expect(b.Account.Next(said, want)).To(gomega.Equal(providers.StepNone), "%q is done", at.Name)
	b.Expect(said.Handle).NotTo(gomega.BeZero(), "%q can be found again", at.Name)
	b.Expect(said.Foreign).To(gomega.BeFalse(), "%q is ours", at.Name)
	if b.Unfinished != nil {
		b.Expect(b.Unfinished(at)).To(gomega.BeZero(), "unfinished statuses beside %q", at.Name)
	}
}

// shown is the status that counts at a target.
func (b *Bench) shown(at providers.Target) providers.Status {
	b.T.Helper()
	all := b.All(at)
	b.Expect(all).NotTo(gomega.BeEmpty(), "statuses named %q", at.Name)
	return all[len(all)-1]
}
