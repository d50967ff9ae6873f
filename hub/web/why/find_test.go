package why

import (
	"encoding/json"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/hub/web"
)

const (
	shop  = "github.com/acme/shop"
	fork  = "github.com/me/shop"
	other = "1f0c7d4b00000000000000000000000000000000"
)

func TestFind_AsksForAWholeCommitByItsPath(t *testing.T) {
	g := NewWithT(t)
	f := &fleet{pages: map[string]web.CommitPage{"localhost:3000/a b/c/" + sha: page("localhost:3000/a b/c", sha)}}
	answer, err := f.client(t).Find(t.Context(), Target{Repo: "localhost:3000/a b/c", SHA: sha})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(answer.Page.SHA).To(Equal(sha))
	g.Expect(json.Valid(answer.Body)).To(BeTrue())
	g.Expect(f.asked).To(ContainElement("/api/v1/commits/localhost:3000/a%20b/c/" + sha))
}

func TestFind_FindsTheRestBySearch(t *testing.T) {
	f := &fleet{
		objects: []web.Object{
			object("a/team/x", "", "ffffffff00000000000000000000000000000000"),
			object("a/team/y", shop, other), object("b/team/x", shop, sha), object("b/team/y", shop, sha), object("c/team/x", fork, sha),
		},
		pages: map[string]web.CommitPage{shop + "/" + sha: page(shop, sha), shop + "/" + other: page(shop, other), fork + "/" + sha: page(fork, sha)},
	}
	for name, c := range map[string]struct {
		target     Target
		repo, hash string
	}{
		"path and digits": {Target{Repo: "acme/shop", SHA: "1f0c7d4b1"}, shop, sha},
		"path and hash":   {Target{Repo: "acme/shop", SHA: sha}, shop, sha},
		"host and digits": {Target{Repo: fork, SHA: "1f0c7d4"}, fork, sha},
		"digits":          {Target{SHA: "1f0c7d4b0"}, shop, other},
		"a CommitStatus":  {Target{Object: "a/team/y"}, shop, other},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			answer, err := f.client(t).Find(t.Context(), c.target)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(answer.Page).NotTo(BeNil())
			g.Expect([]string{answer.Page.Repo, answer.Page.SHA}).To(Equal([]string{c.repo, c.hash}))
		})
	}
}

func TestFind_ListsSeveralCommits(t *testing.T) {
	g := NewWithT(t)
	f := &fleet{objects: []web.Object{object("a/team/x", shop, sha), object("a/team/y", fork, sha), object("a/team/z", shop, other)}}
	_, err := f.client(t).Find(t.Context(), Target{SHA: sha})
	g.Expect(err).To(MatchError(sha + " may be any of these; name one of them:\n  " + shop + "@" + sha + "\n  " + fork + "@" + sha))
	_, err = f.client(t).Find(t.Context(), Target{Repo: "acme/shop", SHA: "1f0c7d4"})
	g.Expect(err).To(MatchError(ContainSubstring("\n  " + shop + "@" + other + "\n  " + shop + "@" + sha)))
}

func TestFind_TakesNoHashForTheOnlyOneIfThereAreMore(t *testing.T) {
	g := NewWithT(t)
	f := &fleet{objects: []web.Object{object("a/team/x", shop, sha)}, pages: map[string]web.CommitPage{shop + "/" + sha: page(shop, sha)}, more: true}
	_, err := f.client(t).Find(t.Context(), Target{SHA: "1f0c7d4"})
	g.Expect(err).To(MatchError(HaveSuffix("\n  " + shop + "@" + sha + "\n  and maybe others")))
	answer, err := f.client(t).Find(t.Context(), Target{SHA: sha})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(answer.Page.Repo).To(Equal(shop))
}

func TestFind_ListsNoMoreThanAPersonReads(t *testing.T) {
	g := NewWithT(t)
	f := &fleet{}
	for range 30 {
		id := "a/team/x" + strings.Repeat("y", len(f.objects))
		f.objects = append(f.objects, object(id, shop+id[8:], sha))
	}
	_, err := f.client(t).Find(t.Context(), Target{SHA: sha})
	g.Expect(err).To(MatchError(HaveSuffix("\n  and 10 more")))
}

func TestFind_SaysWhatNobodyKnows(t *testing.T) {
	f := &fleet{objects: []web.Object{object("a/team/x", fork, sha), object("a/team/x-1", fork, sha)}}
	for name, c := range map[string]struct {
		target Target
		want   string
	}{
		"a commit":             {Target{Repo: shop, SHA: strings.Repeat("0", 40)}, "nothing is known of commit " + shop + "@0000000000000000000000000000000000000000"},
		"of that repository":   {Target{Repo: shop, SHA: sha}, "The hash is known in:\n  " + fork + "@" + sha},
		"digits":               {Target{SHA: "0000000"}, "nothing is known of commit 0000000"},
		"a CommitStatus":       {Target{Object: "b/team/x"}, "nothing is known of CommitStatus b/team/x"},
		"but one like it":      {Target{Object: "/team/x-"}, "There are:\n  a/team/x-1"},
		"neither of the forms": {Target{Repo: "b/team", SHA: "deadbeef", Object: "b/team/deadbeef"}, "nothing is known of CommitStatus b/team/deadbeef"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.client(t).Find(t.Context(), c.target)
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring(c.want)))
		})
	}
}

func TestFind_ShowsACommitStatusWithoutACommit(t *testing.T) {
	g := NewWithT(t)
	f := &fleet{objects: []web.Object{object("a/team/x", "", sha)}}
	answer, err := f.client(t).Find(t.Context(), Target{Object: "a/team/x"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(answer.Page).To(BeNil())
	g.Expect(answer.Object.Reason).To(Equal("GitRepoNotFound"))
	var body web.Object
	g.Expect(json.Unmarshal(answer.Body, &body)).To(Succeed())
	g.Expect(body).To(Equal(f.objects[0]))

	answer, err = f.client(t).Find(t.Context(), Target{SHA: "1f0c7d4"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(answer.Loose).To(Equal(f.objects))
	var search web.SearchPage
	g.Expect(json.Unmarshal(answer.Body, &search)).To(Succeed())
	g.Expect(search.Results).To(Equal(f.objects))
}

func TestFind_MentionsThoseWithoutARepositoryBesideTheCommit(t *testing.T) {
	g := NewWithT(t)
	f := &fleet{objects: []web.Object{object("a/team/x", shop, sha), object("b/team/x", "", sha)}, pages: map[string]web.CommitPage{shop + "/" + sha: page(shop, sha)}}
	for _, target := range []Target{{Repo: shop, SHA: sha}, {SHA: "1f0c7d4"}} {
		answer, err := f.client(t).Find(t.Context(), target)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(answer.Page).NotTo(BeNil())
		g.Expect(answer.Loose).To(Equal(f.objects[1:]))
	}
}

func TestFind_ReadsThePageThatHasTheCommitStatus(t *testing.T) {
	g := NewWithT(t)
	asked := object("b/team/x", shop, sha)
	f := &fleet{
		objects: []web.Object{object("a/team/b/team/x", shop, sha), object("ab/team/x", shop, sha), asked},
		pages:   map[string]web.CommitPage{shop + "/" + sha: page(shop, sha, f1()), shop + "/" + sha + "#ci": page(shop, sha, asked)},
	}
	answer, err := f.client(t).Find(t.Context(), Target{Object: asked.ID})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(answer.Object).To(Equal(&asked))
	g.Expect(answer.Page.Names[0].Claims).To(Equal([]web.Object{asked}))
}

func f1() web.Object { return object("a/team/x", shop, sha) }

func TestFind_PrefersACommitToACommitStatusOfTheSameForm(t *testing.T) {
	g := NewWithT(t)
	target := Target{Repo: "acme/shop", SHA: "1f0c7d4", Object: "acme/shop/1f0c7d4"}
	f := &fleet{objects: []web.Object{object("acme/shop/1f0c7d4", fork, other)}, pages: map[string]web.CommitPage{fork + "/" + other: page(fork, other)}}
	answer, err := f.client(t).Find(t.Context(), target)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(answer.Object.ID).To(Equal("acme/shop/1f0c7d4"))

	f.objects = append(f.objects, object("b/team/x", shop, sha))
	f.pages[shop+"/"+sha] = page(shop, sha)
	answer, err = f.client(t).Find(t.Context(), target)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(answer.Object).To(BeNil())
	g.Expect(answer.Page.Repo).To(Equal(shop))
}
