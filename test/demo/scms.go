package main

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
	"github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

// mark is where the ledgers of calls ended at some time.
type mark struct{ github, gitlab int }

func (w *world) mark() mark {
	return mark{github: len(w.github.Calls()), gitlab: len(w.gitlab.Calls())}
}

// showGitHub prints the check runs of some commits, and the calls since a mark.
func (w *world) showGitHub(since mark, shas ...string) {
	fmt.Printf("\nGitHub shows in %s:\n", repository)
	out := newTable()
	row(out, "CHECK RUN", "COMMIT", "NAME", "STATUS", "CONCLUSION", "TITLE")
	for _, sha := range shas {
		for _, r := range w.github.CheckRuns(repository, sha) {
			row(out, fmt.Sprint(r.ID), sha[:7], r.Name, r.Status, cmp.Or(r.Conclusion, "-"), r.Title)
		}
	}
	_ = out.Flush()
	fmt.Printf("Calls that this took: %s\n", w.callsToGitHub(since))
}

// showBoth prints what both SCMs show, side by side, and the calls since a mark.
func (w *world) showBoth(since mark) {
	fmt.Println("\nGitHub and GitLab show:")
	out := newTable()
	row(out, "SCM", "REPOSITORY", "COMMIT", "NAME", "SHOWN AS", "TEXT")
	for _, r := range w.github.CheckRuns(repository, mainSHA) {
		row(out, "GitHub", repository, mainSHA[:7], r.Name, strings.TrimSuffix(r.Status+" "+r.Conclusion, " "), r.Title)
	}
	for _, s := range w.gitlab.Statuses(handbook, handbookSHA) {
		row(out, "GitLab", handbook, handbookSHA[:7], s.Name, s.State, s.Description)
	}
	_ = out.Flush()
	fmt.Printf("Calls that this took: to GitHub: %s; to GitLab: %s\n", w.callsToGitHub(since), w.callsToGitLab(since))
}

// operation is named as a reader of the SCM's documentation knows it.
type operation struct{ name, words string }

// Of each SCM, the operations that write come first.
var (
	githubOperations = []operation{
		{github.OpCreateCheckRun, "POST check-runs"},
		{github.OpUpdateCheckRun, "PATCH check-runs"},
		{github.OpListCheckRuns, "look-up or list of check runs"},
		{github.OpGetCheckRun, "read of a check run"},
		{github.OpFindInstallation, "search for the installation"},
		{github.OpCreateToken, "token"},
	}
	gitlabOperations = []operation{
		{gitlab.OpSetStatus, "POST statuses"},
		{gitlab.OpListStatuses, "look-up or list of statuses"},
		{gitlab.OpGetUser, "question whose token it is"},
	}
)

func (w *world) callsToGitHub(since mark) string {
	counts := map[string]int{}
	for _, c := range w.github.Calls()[since.github:] {
		counts[c.Operation+refusal(c.Status)]++
	}
	return describe(githubOperations, counts)
}

func (w *world) callsToGitLab(since mark) string {
	counts := map[string]int{}
	for _, c := range w.gitlab.Calls()[since.gitlab:] {
		counts[c.Operation+refusal(c.Status)]++
	}
	return describe(gitlabOperations, counts)
}

// describe puts in words how often each operation was called, with each answer.
func describe(operations []operation, counts map[string]int) string {
	var parts []string
	for _, o := range operations {
		for _, key := range slices.Sorted(maps.Keys(counts)) {
			if answer, ok := strings.CutPrefix(key, o.name); ok {
				parts = append(parts, fmt.Sprintf("%d %s%s", counts[key], o.words, answer))
			}
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "none")
}

// refusal says how a call was refused, nothing where it was not.
func refusal(status int) string {
	switch {
	case status < 300:
		return ""
	case status == http.StatusNotModified:
		return " (unchanged: free)"
	}
	return fmt.Sprintf(" (refused: %d)", status)
}
