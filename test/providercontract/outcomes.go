package providercontract

import (
	"context"
	"time"

	"github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// short is the deadline of a request that gets no answer.
const short = 500 * time.Millisecond

// lostBefore loses a write on its way there.
func lostBefore(b *Bench) {
	c, at := b.client(), b.at("lost")
	b.Inject[LostBefore](Write)
	_, err := c.Create(b.Ctx(), at, done)
	e := b.Fails(err, v1alpha1.ReasonUnavailable)
	b.Expect(e.Unknown).To(gomega.BeTrue(), "it may have arrived")
	b.Expect(b.Find(c, at)).To(gomega.BeNil())
	b.make(c, at, done)
	b.Expect(b.All(at)).To(gomega.HaveLen(1))
}

// lostFirst loses the answer to a write that took effect. A look makes up for it.
func (b *Bench) lostFirst(fault Fault) {
	for _, phase := range phases {
		c, at := b.client(), b.at("lost "+string(phase))
		want := providers.Status{Phase: phase, Description: "d", URL: page}
		_, before := b.sent()
		b.Inject[fault](Write)
		_, err := c.Create(b.Ctx(), at, want)
		e := b.Fails(err, v1alpha1.ReasonUnavailable)
		b.Expect(e.Unknown).To(gomega.BeTrue(), "it has arrived")
		if b.Writes != nil {
			_, writes := b.sent()
			b.Expect(writes-before).To(gomega.Equal(1), "it is not sent again by itself")
		}
		found := b.Find(c, at)
		b.shows(at, found, want)
		b.Expect(b.All(at)).To(gomega.HaveLen(1))
	}
}

// lostChange loses the answer to a change.
func lostChange(b *Bench) {
	c, at := b.client(), b.at("changed")
	shown := b.make(c, at, providers.Status{Phase: v1alpha1.PhaseInProgress, Description: "d", URL: page})
	b.Inject[LostAfter](Write)
	var err error
	switch b.Account.Next(&shown, done) {
	case providers.StepUpdate:
		_, err = c.Update(b.Ctx(), at, shown, done)
	default:
		_, err = c.Create(b.Ctx(), at, done)
	}
	e := b.Fails(err, v1alpha1.ReasonUnavailable)
	b.Expect(e.Unknown).To(gomega.BeTrue())
	all := b.All(at)
	found := b.Find(c, at)
	b.shows(at, found, done)
	b.Expect(b.All(at)).To(gomega.Equal(all))
}

// ask makes a request that may fail: a list, or the first write at a target.
func (b *Bench) ask(ctx context.Context, c providers.Client, r Request) error {
	if r == Read {
		_, err := c.List(ctx, b.commit(), "")
		return err
	}
	_, err := c.Create(ctx, b.at("asked"), done)
	return err
}

// unavailable meets a fault that says nothing about what was asked for. It is over
// in time, pauses nobody, and leaves no doubt about a read.
func (b *Bench) unavailable(r Request, fault Fault) {
	c := b.client()
	within := patience
	if fault == Hang {
		within = short
	}
	if fault == LostBefore && r == Read {
		// A connection that broke may be tried once more.
		b.Inject[fault](r)
	}
	b.Inject[fault](r)
	ctx, cancel := context.WithTimeout(b.Ctx(), within)
	defer cancel()
	begin := time.Now()
	e := b.Fails(b.ask(ctx, c, r), v1alpha1.ReasonUnavailable)
	b.Expect(time.Since(begin)).To(gomega.BeNumerically("<", short+5*time.Second), "over in time")
	if r == Read || fault != Redirect {
		b.Expect(e.Unknown).To(gomega.Equal(r == Write), "only a write can have taken effect")
	}
	b.Expect(b.PausedUntil()).To(gomega.BeZero())
	b.Eventually(func() error { return b.ask(b.Ctx(), c, Read) }).Should(gomega.Succeed(), "it is over")
}

// refused meets an answer that is about this credential in this repository.
func (b *Bench) refused(r Request, fault Fault) {
	reason := v1alpha1.ReasonCredentialsInvalid
	if fault == RepositoryGone {
		reason = v1alpha1.ReasonRepoNotFound
	}
	c := b.client()
	b.Inject[fault](r)
	e := b.Fails(b.ask(b.Ctx(), c, r), reason)
	b.Expect(e.Unknown).To(gomega.BeFalse(), "it was refused")
	b.Expect(e.Refused).NotTo(gomega.Equal(providers.RefusedNothing), "what is refused")
	b.Expect(e.Learned.IsZero()).To(gomega.Equal(e.Relied == providers.FactNone), "when it was learned")
	b.Expect(b.PausedUntil()).To(gomega.BeZero(), "nobody is paused")
}

// asksAgain has a refused credential asked for twice: when to ask again is not the client's
// to decide, and what it learns anew costs one request at most.
func asksAgain(b *Bench) {
	c := b.client()
	b.Inject[Unauthorized](Write)
	e := b.Fails(b.ask(b.Ctx(), c, Write), v1alpha1.ReasonCredentialsInvalid)
	calls, _ := b.sent()
	if err := b.Account.Renew(b.Ctx(), b.Repository, e); e.Relied == providers.FactNone {
		b.Expect(err).NotTo(gomega.HaveOccurred())
	}
	now, _ := b.sent()
	b.Expect(now).To(gomega.Equal(calls), "no request for statuses")
	if c, err := b.Account.Client(b.Ctx(), b.Repository); err == nil {
		_ = b.ask(b.Ctx(), c, Write)
		now, _ = b.sent()
		if b.Calls != nil {
			b.Expect(now).To(gomega.Equal(calls+1), "it is asked")
		}
	}
}

// unknownCommit writes to a commit that was not pushed.
func unknownCommit(b *Bench) {
	c, at := b.client(), b.at("early")
	at.SHA = b.UnknownSHA
	_, err := c.Create(b.Ctx(), at, done)
	e := b.Fails(err, v1alpha1.ReasonCommitNotFound)
	b.Expect(e.Unknown).To(gomega.BeFalse())
	b.Expect(b.PausedUntil()).To(gomega.BeZero())
	// A look may say so too, or find nothing.
	if shown, err := c.Find(b.Ctx(), at); err != nil {
		_ = b.Fails(err, v1alpha1.ReasonCommitNotFound)
	} else {
		b.Expect(shown).To(gomega.BeNil())
	}
	listing, err := c.List(b.Ctx(), providers.Commit{Repository: b.Repository, SHA: b.UnknownSHA}, "")
	if err != nil {
		_ = b.Fails(err, v1alpha1.ReasonCommitNotFound)
	}
	b.Expect(listing.Statuses).To(gomega.BeEmpty())
	b.make(c, b.at("early"), done)
}

// limited meets a limit, and then sends nothing more.
func limited(b *Bench) {
	c := b.client()
	b.Inject[TooManyRequests](Write)
	e := b.Fails(b.ask(b.Ctx(), c, Write), v1alpha1.ReasonPending)
	b.Expect(e.Unknown).To(gomega.BeFalse())
	b.Expect(b.PausedUntil()).To(gomega.BeTemporally("~", time.Now().Add(RetryAfter), 10*time.Second))
	calls, _ := b.sent()
	for _, r := range []Request{Read, Write} {
		_ = b.Fails(b.ask(b.Ctx(), c, r), v1alpha1.ReasonPending)
	}
	now, _ := b.sent()
	b.Expect(now).To(gomega.Equal(calls), "nothing is sent during a pause")
	b.Expect(b.All(b.at("asked"))).To(gomega.BeEmpty())
}
