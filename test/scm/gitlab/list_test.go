package gitlab_test

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

func TestAListIsEmptyWithoutAPipeline(t *testing.T) {
	w := newWorld(t)
	a := w.list("")
	w.Expect(a.Status).To(Equal(200))
	w.Expect(a.Body).To(Equal("[]"))
}

func TestAListIsPaged(t *testing.T) {
	w := newWorld(t)
	for i := range 45 {
		w.set("success", fmt.Sprintf(`,"name":"test %02d"`, i))
	}
	seen := map[string]bool{}
	for page, next := range []string{"2", "3", ""} {
		a := w.list(fmt.Sprintf("?page=%d", page+1))
		w.Expect(a.Header.Get("X-Next-Page")).To(Equal(next))
		w.Expect(a.Header.Get("X-Total")).To(Equal("45"))
		if next == "" {
			w.Expect(a.Header.Get("Link")).NotTo(ContainSubstring(`rel="next"`))
			w.Expect(a.List()).To(HaveLen(5))
		} else {
			w.Expect(a.Header.Get("Link")).To(MatchRegexp(`page=%s>; rel="next"`, next))
			w.Expect(a.List()).To(HaveLen(20))
		}
		for _, status := range a.List() {
			seen[status["name"].(string)] = true
		}
	}
	w.Expect(seen).To(HaveLen(45))
	w.Expect(w.list("?per_page=1000").Header.Get("X-Per-Page")).To(Equal("100"))
	for _, bad := range []string{"?page=x", "?page=0", "?per_page=-1", "?all=maybe", "?pipeline_id=x"} {
		w.Expect(w.list(bad).Status).To(Equal(400), bad)
	}
}

func TestAListIsFiltered(t *testing.T) {
	w := newWorld(t)
	w.set("success", "")
	w.set("failed", "")
	w.set("success", `,"name":"other"`)
	w.set("success", `,"ref":"release"`)
	first := w.Pipelines(shop, sha)[0].ID
	for query, want := range map[string]int{
		"":                                    3,
		"?all=true":                           4,
		"?all=false":                          3,
		"?name=test":                          2,
		"?name=test&all=true":                 3,
		"?name=Test":                          0,
		"?ref=release":                        1,
		"?ref=main&all=true&name=test":        2,
		fmt.Sprintf("?pipeline_id=%d", first): 2,
		fmt.Sprintf("?pipeline_id=%d&all=true", first): 3,
	} {
		w.Expect(w.list(query).List()).To(HaveLen(want), query)
	}
}

func TestStrangersChangeWhatIsShown(t *testing.T) {
	w := newWorld(t)
	id := w.set("success", "").Number("id")
	w.EditStatus(id, func(s *gitlab.Status) { s.State, s.ID = "failed", 1 })
	w.Expect(w.list("").List()[0]).To(HaveKeyWithValue("status", "failed"))
	w.DeleteStatus(id)
	w.Expect(w.list("").Body).To(Equal("[]"))
	w.set("success", "")
	w.DeletePipeline(w.Pipelines(shop, sha)[0].ID)
	w.Expect(w.list("").Body).To(Equal("[]"))
	w.Expect(w.Pipelines(shop, sha)).To(BeEmpty())
	w.Expect(func() { w.DeleteStatus(id) }).To(Panic())
	w.Expect(func() {
		w.AddStatus(gitlab.Status{Project: shop, SHA: other, Name: "x", State: "success", User: "human"})
	}).To(Panic())
	w.Expect(w.Writes()).To(HaveLen(2), "strangers are no calls")
}
