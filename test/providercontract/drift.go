package providercontract

import (
	"fmt"

	"github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

func listsNothing(b *Bench) {
	c := b.client()
	listing := b.List(c, "")
	b.Expect(listing.Unchanged).To(gomega.BeFalse())
	b.Expect(listing.Statuses).To(gomega.BeEmpty())
	b.Expect(b.Find(c, b.at("nothing"))).To(gomega.BeNil())
}

// manyPages makes more statuses than any SCM lists on a page, and changes the first.
func manyPages(b *Bench) {
	const most = 101
	c := b.client()
	first := b.at("name 0")
	shown := b.make(c, first, providers.Status{Phase: v1alpha1.PhaseInProgress, Description: "d", URL: page})
	for i := 1; i < most; i++ {
		_, err := c.Create(b.Ctx(), b.at(fmt.Sprintf("name %d", i)), done)
		b.Expect(err).NotTo(gomega.HaveOccurred())
	}
	listing := b.List(c, "")
	b.Expect(listing.Statuses).To(gomega.HaveLen(most))
	for _, name := range []string{"name 0", fmt.Sprintf("name %d", most-1)} {
		b.Expect(b.Find(c, b.at(name))).NotTo(gomega.BeNil(), name)
	}
	_, ok := b.bring(c, first, &shown, done)
	b.Expect(ok).To(gomega.BeTrue())
	now := b.List(c, listing.Tag)
	b.Expect(now.Unchanged).To(gomega.BeFalse())
	listed := now.Statuses[first.Name].Shown
	b.shows(first, &listed, done)
}

// othersAreNotOurs begins where somebody else has shown the very same.
func othersAreNotOurs(b *Bench) {
	c, at := b.client(), b.at("theirs")
	b.Other(at, done)
	b.Expect(b.All(at)).To(gomega.HaveLen(1))
	b.Expect(b.Find(c, at)).To(gomega.BeNil())
	listed := b.List(c, "").Statuses
	if theirs, ok := listed[at.Name]; ok {
		marked := theirs.ExternalID == at.ExternalID
		b.Expect(marked).To(gomega.BeFalse())
	}
	shown, _ := b.bring(c, at, nil, done)
	b.shows(at, &shown, done)
	b.shows(at, b.Find(c, at), done)
}

// othersSupersede has somebody else make a status after ours: that one counts.
func othersSupersede(b *Bench) {
	c, at := b.client(), b.at("ours")
	b.make(c, at, done)
	b.Other(at, providers.Status{Phase: v1alpha1.PhaseFailure, Description: "theirs", URL: page})
	b.Expect(b.Find(c, at)).To(gomega.BeNil(), "ours is not shown any more")
	listed := b.List(c, "").Statuses[at.Name]
	b.Expect(listed.Foreign).To(gomega.BeTrue())
	b.Expect(b.Account.Next(&listed.Shown, done)).NotTo(gomega.Equal(providers.StepNone))
	shown, _ := b.bring(c, at, nil, done)
	b.shows(at, &shown, done)
	b.shows(at, b.Find(c, at), done)
}

// tags lists a commit that stays as it is, and one that does not. An SCM without
// conditional requests has no tags, and lists everything each time.
func tags(b *Bench) {
	c, at := b.client(), b.at("tagged")
	shown := b.make(c, at, providers.Status{Phase: v1alpha1.PhaseInProgress, Description: "d", URL: page})
	first := b.List(c, "")
	b.Expect(first.Statuses).To(gomega.HaveLen(1))
	if first.Marked {
		b.Expect(first.Statuses[at.Name].ExternalID).To(gomega.Equal(at.ExternalID))
	}
	again := b.List(c, first.Tag)
	b.Expect(again.Unchanged).To(gomega.Equal(first.Tag != ""))
	if again.Unchanged {
		b.Expect(again.Tag).To(gomega.Equal(first.Tag))
		b.Expect(again.Statuses).To(gomega.BeEmpty())
	} else {
		b.Expect(again.Statuses).To(gomega.Equal(first.Statuses))
	}
	_, ok := b.bring(c, at, &shown, done)
	b.Expect(ok).To(gomega.BeTrue())
	now := b.List(c, first.Tag)
	b.Expect(now.Unchanged).To(gomega.BeFalse())
	listed := now.Statuses[at.Name].Shown
	b.shows(at, &listed, done)
}

// edited has somebody else change a status.
func edited(b *Bench) {
	c, at, other := b.client(), b.at("edited"), b.at("other")
	b.make(c, at, done)
	b.make(c, other, done)
	tag := b.List(c, "").Tag
	theirs := providers.Status{Phase: v1alpha1.PhaseFailure, Description: "edited", URL: page + "3"}
	b.Edit(at, theirs)
	b.Expect(b.shown(at)).To(gomega.Equal(b.Account.Render(theirs)))

	listing := b.List(c, tag)
	b.Expect(listing.Unchanged).To(gomega.BeFalse())
	listed := listing.Statuses[at.Name].Shown
	b.Expect(b.Account.Render(listed.Status)).To(gomega.Equal(b.Account.Render(theirs)))
	b.Expect(b.Account.Next(&listed, theirs)).To(gomega.Equal(providers.StepNone))
	unchanged := listing.Statuses[other.Name].Shown
	b.shows(other, &unchanged, done)
	b.restored(c, at, &listed)
}

// ownWords has somebody else show states that none of the phases means.
func ownWords(b *Bench) {
	c := b.client()
	for _, word := range b.Words {
		for _, phase := range phases {
			at := b.at(fmt.Sprintf("%s over %s", word, phase))
			want := providers.Status{Phase: phase, Description: "d", URL: page}
			b.make(c, at, want)
			b.Word(at, word)
			listed := b.List(c, "").Statuses[at.Name].Shown
			for by, shown := range map[string]*providers.Shown{"list": &listed, "find": b.Find(c, at)} {
				b.Expect(shown).NotTo(gomega.BeNil(), "%q by %s", at.Name, by)
				b.Expect(shown.Phase).To(gomega.BeEquivalentTo(word), "%q by %s", at.Name, by)
				b.Expect(shown.Over()).To(gomega.BeTrue())
				for _, each := range phases {
					same := providers.Status{Phase: each, Description: shown.Description, URL: shown.URL}
					b.Expect(b.Account.Next(shown, same)).NotTo(gomega.Equal(providers.StepNone), "%s by %s is no %s", word, by, each)
				}
			}
			now, ok := b.bring(c, at, &listed, want)
			b.Expect(ok).To(gomega.BeTrue(), "%q can be shown again", at.Name)
			b.shows(at, &now, want)
		}
	}
}

// deleted has somebody else delete a status.
func deleted(b *Bench) {
	c, at, other := b.client(), b.at("deleted"), b.at("other")
	b.make(c, at, done)
	b.make(c, other, done)
	tag := b.List(c, "").Tag
	b.Delete(at)
	b.Expect(b.All(at)).To(gomega.BeEmpty())

	listing := b.List(c, tag)
	b.Expect(listing.Unchanged).To(gomega.BeFalse())
	b.Expect(listing.Statuses).NotTo(gomega.HaveKey(at.Name))
	b.Expect(listing.Statuses).To(gomega.HaveKey(other.Name))
	b.Expect(b.Find(c, at)).To(gomega.BeNil())
	b.restored(c, at, nil)
}

// restored shows done again.
func (b *Bench) restored(c providers.Client, at providers.Target, shown *providers.Shown) {
	b.T.Helper()
	b.Expect(b.Account.Next(shown, done)).NotTo(gomega.Equal(providers.StepNone), "it is drift")
	now, ok := b.bring(c, at, shown, done)
	b.Expect(ok).To(gomega.BeTrue())
	b.shows(at, &now, done)
}
