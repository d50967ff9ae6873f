package github

import (
	"strings"

	gh "github.com/google/go-github/v62/github"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// creation is the body of the POST that makes a run. want is rendered.
func creation(at providers.Target, want providers.Status) (gh.CreateCheckRunOptions, error) {
	status, conclusion, err := parts(want)
	return gh.CreateCheckRunOptions{
		Name:       at.Name,
		HeadSHA:    at.SHA,
		ExternalID: given(at.ExternalID),
		Status:     given(status),
		Conclusion: given(conclusion),
		DetailsURL: given(want.URL),
		Output:     output(want),
	}, err
}

// change is the body of the PATCH that changes a run. want is rendered. What it
// leaves out stays as it is: Next makes a new run where that would be wrong.
func change(at providers.Target, want providers.Status) (gh.UpdateCheckRunOptions, error) {
	status, conclusion, err := parts(want)
	return gh.UpdateCheckRunOptions{
		Name:       at.Name,
		Status:     given(status),
		Conclusion: given(conclusion),
		DetailsURL: given(want.URL),
		Output:     output(want),
	}, err
}

func parts(want providers.Status) (status, conclusion string, err error) {
	status, conclusion, ok := written(want.Phase)
	if !ok {
		return "", "", providers.Errorf(v1alpha1.ReasonInvalid, "%q is not a phase", want.Phase)
	}
	return status, conclusion, nil
}

// output is what a run has to say: GitHub wants both a title and a summary, or
// neither.
func output(want providers.Status) *gh.CheckRunOutput {
	if want.Description == "" {
		return nil
	}
	return &gh.CheckRunOutput{Title: gh.String(title(want)), Summary: gh.String(want.Description)}
}

// given leaves an empty field out of a body: GitHub refuses an empty URL.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// madeBy reports whether a run was made by an App on a commit.
func madeBy(appID int64, run checkRun, sha string) bool {
	return run.App.ID == appID && strings.EqualFold(run.HeadSHA, sha)
}

// marked reports whether a run was made for a target.
func marked(run checkRun, at providers.Target) bool {
	return at.Marks(run.ExternalID) && run.Name == at.Name
}

func found(run checkRun) *providers.Shown {
	if run.ID == 0 {
		return nil
	}
	shown := shownBy(run)
	return &shown
}

// shownBy is what a run shows. Where no URL was given, GitHub answers with the
// App's home page, or with the run's own page: each reads as none, and is the
// DefaultURL: it may have been asked for all the same.
func shownBy(run checkRun) providers.Shown {
	url, byDefault := run.DetailsURL, ""
	if same(url, run.App.ExternalURL) || same(url, run.HTMLURL) {
		url, byDefault = "", run.DetailsURL
	}
	return providers.Shown{
		Status: providers.Status{
			Phase:       read(run.Status, run.Conclusion),
			Description: run.Output.Summary,
			URL:         url,
		},
		Handle:     v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: run.ID}},
		DefaultURL: byDefault,
	}
}

// same reports whether two URLs differ by no more than a slash at the end.
func same(a, b string) bool { return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/") }
