package providercontract

import (
	"strings"

	"github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

func moves(s *SCM) string {
	if s.Move == nil || s.Paths == nil {
		return "repositories that move"
	}
	return ""
}

// movedAway renames a repository that has a status.
func movedAway(b *Bench) {
	c, at := b.client(), b.at("x")
	shown := b.make(c, at, providers.Status{Phase: v1alpha1.PhaseInProgress, URL: page})
	path, err := c.Path(b.Ctx())
	b.Expect(err).NotTo(gomega.HaveOccurred())
	b.Expect(strings.EqualFold(path, b.Repository)).To(gomega.BeTrue(), path)

	owner, _, _ := strings.Cut(b.Repository, "/")
	today := owner + "/renamed"
	b.Move(today)
	there := at
	there.Repository = today
	writes := map[string]func() error{
		"create": func() error { _, err := c.Create(b.Ctx(), b.at("y"), done); return err },
		"update": func() error { _, err := c.Update(b.Ctx(), at, shown, done); return err },
	}
	for name, write := range writes {
		before := b.Paths()
		e := b.Fails(write(), v1alpha1.ReasonMoved)
		b.Expect(e.MovedTo).To(gomega.Equal(today), name)
		b.Expect(e.Message).To(gomega.And(gomega.ContainSubstring(b.Repository), gomega.ContainSubstring(today)), name)
		b.Expect(e.Unknown).To(gomega.BeFalse(), name)
		b.Expect(b.Paths()-before).To(gomega.Equal(1), "one read tells the path of today")
	}
	b.Expect(b.All(there)).To(gomega.HaveLen(1), "nothing was written")
	there.Name = "y"
	b.Expect(b.All(there)).To(gomega.BeEmpty(), "nothing was written")
	b.Expect(b.PausedUntil()).To(gomega.BeZero())
	path, err = c.Path(b.Ctx())
	b.Expect(err).NotTo(gomega.HaveOccurred())
	b.Expect(path).To(gomega.Equal(today))

	ctx, redirected := providers.NoteRedirects(b.Ctx())
	if _, err = c.Find(ctx, at); err == nil {
		b.Expect(redirected()).To(gomega.BeTrue(), "a read that is redirected says so")
	}
	c, err = b.Account.Client(b.Ctx(), today)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	there.Name = at.Name
	ctx, redirected = providers.NoteRedirects(b.Ctx())
	_, err = c.Find(ctx, there)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	b.Expect(redirected()).To(gomega.BeFalse())
	_, err = c.Create(b.Ctx(), b.at("z"), done)
	b.Expect(err).NotTo(gomega.HaveOccurred())
}
