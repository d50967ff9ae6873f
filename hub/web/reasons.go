package web

import (
	"net/url"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// helpBase is the page that explains every reason.
const helpBase = "https://github.com/argoproj-labs/commit-status-hub/blob/main/docs/troubleshooting.md"

// helpOfMember is its section about members that are not served.
const helpOfMember = helpBase + "#the-status-stays-empty"

// meanings say in one sentence what each reason of a CommitStatus means.
var meanings = map[string]string{
	v1alpha1.ReasonSynced:             "The SCM shows what the CommitStatus wants.",
	v1alpha1.ReasonAggregated:         "The SCM shows all claims on the status as one.",
	v1alpha1.ReasonShared:             "The SCM shows the phase, with the texts of an older claim.",
	v1alpha1.ReasonPending:            "They wait for their turn in the budget.",
	v1alpha1.ReasonConflict:           "An older claim on the same status wants another phase, and is shown.",
	v1alpha1.ReasonDrifted:            "Somebody else changed the status in the SCM.",
	v1alpha1.ReasonDenied:             "No grant of the ScmProvider allows them.",
	v1alpha1.ReasonGitRepoNotFound:    "The GitRepo that they name does not exist.",
	v1alpha1.ReasonProviderNotFound:   "The ScmProvider that their GitRepo names does not exist on the hub.",
	v1alpha1.ReasonCredentialsInvalid: "The SCM refuses the credential, or it lacks a permission.",
	v1alpha1.ReasonRepoNotFound:       "The SCM knows no such repository, or does not show it to the credential.",
	v1alpha1.ReasonCommitNotFound:     "The SCM knows no such commit: mostly it is not pushed yet.",
	v1alpha1.ReasonInvalid:            "The SCM, or the hub, refuses what the spec says.",
	v1alpha1.ReasonUnavailable:        "The SCM does not answer. The hub tries again.",
	v1alpha1.ReasonMoved:              "The repository has another path today, which the GitRepo does not name.",
	v1alpha1.ReasonUnsupported:        "The SCM cannot show it now.",
	v1alpha1.ReasonSuspended:          "The ScmProvider is suspended.",
}

// sections are the headings of the troubleshooting page, where it is not the reason's own.
var sections = map[string]string{
	v1alpha1.ReasonSynced:           "synced-but-github-shows-something-else",
	v1alpha1.ReasonGitRepoNotFound:  "gitreponotfound-providernotfound",
	v1alpha1.ReasonProviderNotFound: "gitreponotfound-providernotfound",
}

// helpOf returns the address of the section about a reason, "" for an unknown one.
func helpOf(reason string) string {
	if _, ok := meanings[reason]; !ok {
		return ""
	}
	section, ok := sections[reason]
	if !ok {
		section = strings.ToLower(reason)
	}
	return helpBase + "#" + section
}

// searchPath returns the page that lists what contains some words.
func searchPath(words string) string { return "/search?" + url.Values{"q": {words}}.Encode() }

// commitPath returns the page of a commit.
func commitPath(repo, sha string) string {
	return (&url.URL{Path: "/commits/" + repo + "/" + sha}).EscapedPath()
}

// installationPath returns the page of an installation.
func installationPath(id string) string {
	return (&url.URL{Path: "/installations/" + id}).EscapedPath()
}
