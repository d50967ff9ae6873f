package main

import (
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
	"github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

// shown is what an SCM shows, in the words of the API.
type shown struct {
	id                          int64
	phase                       v1alpha1.Phase
	name, description, url, sha string
	repo, scmProvider           string
}

// shownFor returns all that is shown at the commit of a CommitStatus.
func (w *world) shownFor(object *v1alpha1.CommitStatus) (all []shown) {
	if object.Spec.GitRepoRef.Name == "handbook" {
		repo := strings.TrimSuffix(strings.TrimPrefix(w.gitlab.URL(), "http://"), "/api/v4") + "/" + handbook
		for _, s := range w.gitlab.Statuses(handbook, object.Spec.SHA) {
			all = append(all, shown{s.ID, phaseOfStatus(s), s.Name, s.Description, s.TargetURL, s.SHA, repo, "acme-gitlab"})
		}
		return all
	}
	repo := strings.TrimPrefix(w.github.URL(), "http://") + "/" + repository
	for _, r := range w.github.CheckRuns(repository, object.Spec.SHA) {
		all = append(all, shown{r.ID, phaseOf(r), r.Name, r.Summary, r.DetailsURL, r.HeadSHA, repo, "acme-github"})
	}
	return all
}

// phaseOf is the phase that a check run stands for.
func phaseOf(run github.CheckRun) v1alpha1.Phase {
	switch {
	case run.Status != "completed":
		return v1alpha1.Phase(run.Status)
	case run.Conclusion == "cancelled":
		return v1alpha1.PhaseCanceled
	}
	return v1alpha1.Phase(run.Conclusion)
}

// phaseOfStatus is the phase that a status on GitLab stands for.
func phaseOfStatus(status gitlab.Status) v1alpha1.Phase {
	switch status.State {
	case "pending":
		return v1alpha1.PhaseQueued
	case "running":
		return v1alpha1.PhaseInProgress
	case "failed":
		return v1alpha1.PhaseFailure
	}
	return v1alpha1.Phase(status.State)
}
