package github

import "github.com/argoproj-labs/commit-status-hub/providers"

// checkRun is what is used of a check run in GitHub's answers. They hold much more, such as
// pull requests and permissions, of any size.
type checkRun struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	HeadSHA    string `json:"head_sha"`
	ExternalID string `json:"external_id"`
	Status     string `json:"status"`
	Conclusion string `json:"conclusion"`
	DetailsURL string `json:"details_url"`
	HTMLURL    string `json:"html_url"`
	App        struct {
		ID          int64  `json:"id"`
		ExternalURL string `json:"external_url"`
	} `json:"app"`
	Output struct {
		Summary string `json:"summary"`
	} `json:"output"`
}

// checkRuns is one page of check runs.
type checkRuns struct {
	CheckRuns providers.Page[checkRun] `json:"check_runs"`
}

// commitStatus is what is used of a commit status in GitHub's answers.
type commitStatus struct {
	ID          int64  `json:"id"`
	State       string `json:"state"`
	Description string `json:"description"`
	TargetURL   string `json:"target_url"`
	Context     string `json:"context"`
	Creator     struct {
		ID int64 `json:"id"`
	} `json:"creator"`
}
