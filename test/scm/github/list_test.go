package github_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func (w *world) list(query string, header ...string) answer {
	return w.call("GET", repo+"/commits/"+sha+"/check-runs?"+query, "", header...)
}

// names are what a list shows, each with its status.
func names(a answer) []string {
	found := []string{}
	for _, r := range a.JSON()["check_runs"].([]any) {
		run := r.(map[string]any)
		found = append(found, fmt.Sprint(run["name"], " ", run["status"]))
	}
	return found
}

func TestAListIsFiltered(t *testing.T) {
	w := newWorld(t)
	w.created(`,"conclusion":"success"`)
	w.created(``)
	w.call("POST", repo+"/check-runs", `{"name":"lint","head_sha":"`+sha+`","status":"in_progress"}`)
	key := w.parse(w.AddApp(99))
	w.Install(99, 700, "acme")
	ours := w.token
	w.token = w.issue(key, 99, 700)
	w.created(`,"status":"in_progress"`)
	w.token = ours

	for query, want := range map[string][]string{
		"":                                     {"test in_progress", "lint in_progress", "test queued"},
		"filter=latest":                        {"test in_progress", "lint in_progress", "test queued"},
		"filter=all":                           {"test in_progress", "lint in_progress", "test queued", "test completed"},
		"app_id=12345":                         {"lint in_progress", "test queued"},
		"app_id=1":                             {},
		"check_name=lint":                      {"lint in_progress"},
		"check_name=Lint":                      {},
		"status=completed":                     {},
		"status=completed&filter=all":          {"test completed"},
		"app_id=12345&check_name=test":         {"test queued"},
		"app_id=99&check_name=test&filter=all": {"test in_progress"},
	} {
		a := w.list(query)
		w.Expect(a.Status).To(Equal(http.StatusOK), query)
		w.Expect(names(a)).To(Equal(want), query)
		w.Expect(a.JSON()["total_count"]).To(BeEquivalentTo(len(want)), query)
	}
	for _, query := range []string{"filter=some", "status=done", "app_id=x"} {
		w.Expect(w.list(query).Status).To(Equal(422), query)
	}
	a := w.call("GET", repo+"/commits/"+other+"/check-runs", "")
	w.Expect(a.Status).To(Equal(422))
	w.Expect(a.Text("message")).To(Equal("No commit found for SHA: " + other))
	w.AddCommit("acme/shop", other)
	a = w.call("GET", repo+"/commits/"+strings.ToUpper(other)+"/check-runs", "")
	w.Expect(names(a)).To(BeEmpty())
	w.Expect(a.Body).To(ContainSubstring(`"check_runs":[]`))
}

var nextPage = regexp.MustCompile(`<([^>]+)>; rel="next"`)

func TestAListIsPagedByLink(t *testing.T) {
	w := newWorld(t)
	for range 205 {
		w.created("")
	}
	w.Expect(names(w.list("filter=all"))).To(HaveLen(30))
	w.Expect(names(w.list("filter=all&per_page=1000"))).To(HaveLen(100))
	w.Expect(names(w.list("filter=all&page=9"))).To(BeEmpty())

	path := repo + "/commits/" + sha + "/check-runs?filter=all&per_page=100"
	seen, pages := 0, 0
	for path != "" {
		a := w.call("GET", path, "")
		w.Expect(a.JSON()["total_count"]).To(BeEquivalentTo(205))
		seen, pages = seen+len(names(a)), pages+1
		path = ""
		if m := nextPage.FindStringSubmatch(a.Header.Get("Link")); m != nil {
			w.Expect(m[1]).To(HavePrefix(w.URL() + "/"))
			next, err := url.Parse(m[1])
			w.Expect(err).NotTo(HaveOccurred())
			path = next.RequestURI()
		}
	}
	w.Expect(seen).To(Equal(205))
	w.Expect(pages).To(Equal(3))
	w.Expect(w.list("").Header.Get("Link")).To(BeEmpty(), "one page has no links")
}

func TestWhatIsKnownIsAnswered304AndFree(t *testing.T) {
	w := newWorld(t)
	w.created("")
	first := w.list("")
	tag := first.Header.Get("ETag")
	used := func(a answer) int {
		n, err := strconv.Atoi(a.Header.Get("X-RateLimit-Used"))
		w.Expect(err).NotTo(HaveOccurred())
		return n
	}

	again := w.list("", "If-None-Match", tag)
	w.Expect(again.Status).To(Equal(http.StatusNotModified))
	w.Expect(again.Body).To(BeEmpty())
	w.Expect(again.Header.Get("ETag")).To(Equal(tag))
	w.Expect(used(again)).To(Equal(used(first)), "a 304 is free")

	old := w.token
	w.token = w.issue(w.key, app, installation)
	w.Expect(w.list("", "If-None-Match", tag).Status).To(Equal(200), "an ETag is good for its token only")
	w.token = old
	w.update(w.CheckRuns("acme/shop", sha)[0].ID, `{"status":"in_progress"}`)
	w.Expect(w.list("", "If-None-Match", tag).Status).To(Equal(200))
	w.token = "ghs_none"
	w.Expect(w.list("", "If-None-Match", tag).Status).To(Equal(401))
}
