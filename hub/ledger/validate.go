package ledger

import (
	"encoding/hex"
	"net/url"
	"regexp"
	"unicode/utf8"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// The limits of the CRD, checked again because a member's CRD may be older.
const (
	maxName        = 255
	maxDescription = 65535
	maxURL         = 2048
	maxPath        = 512
)

var (
	repoPath = regexp.MustCompile(`^[^/\s[:cntrl:]?#%\\]+(/[^/\s[:cntrl:]?#%\\]+)+$`)
	// alias matches what other names for a repository have: a UUID, a clone URL.
	alias = regexp.MustCompile(`[{}@:]|(?i:[.]git)/*$`)
	// dots climb out of a path.
	dots = regexp.MustCompile(`(^|/)[.][.]?(/|$)`)
)

func checkSpec(spec v1alpha1.CommitStatusSpec) *providers.Error {
	switch {
	case !isFullSHA(spec.SHA):
		return providers.Errorf(v1alpha1.ReasonInvalid, "sha must be the full hash of a commit: 40 or 64 hexadecimal digits")
	case spec.Name == "" || utf8.RuneCountInString(spec.Name) > maxName:
		return providers.Errorf(v1alpha1.ReasonInvalid, "name must have 1 to %d characters", maxName)
	case utf8.RuneCountInString(spec.Description) > maxDescription:
		return providers.Errorf(v1alpha1.ReasonInvalid, "description must have at most %d characters", maxDescription)
	case !spec.Phase.Canonical().Known():
		return providers.Errorf(v1alpha1.ReasonInvalid, "phase must be one of queued, in_progress, success, failure, canceled")
	case !isWebURL(spec.URL):
		return providers.Errorf(v1alpha1.ReasonInvalid, "url must be an absolute http or https URL of at most %d characters", maxURL)
	}
	return nil
}

// isFullSHA reports whether a text is the full hash of a commit, of SHA-1 or SHA-256.
func isFullSHA(text string) bool {
	if len(text) != 40 && len(text) != 64 {
		return false
	}
	_, err := hex.DecodeString(text)
	return err == nil
}

func checkPath(repository string) *providers.Error {
	if utf8.RuneCountInString(repository) > maxPath || !repoPath.MatchString(repository) || dots.MatchString(repository) {
		return providers.Errorf(v1alpha1.ReasonInvalid,
			"the GitRepo's repository must be the path of one, such as owner/name, of at most %d characters", maxPath)
	}
	if alias.MatchString(repository) {
		return providers.Errorf(v1alpha1.ReasonInvalid, "the GitRepo's repository must be the path that the repository has on the SCM's pages, "+
			"such as owner/name, not its clone URL or UUID: without { } @ : and without .git at the end")
	}
	return nil
}

func isWebURL(text string) bool {
	if text == "" {
		return true
	}
	u, err := url.Parse(text)
	return err == nil && len(text) <= maxURL && u.Hostname() != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// checkPlace checks a place in a status by the rules for a spec.
func checkPlace(st v1alpha1.CommitStatusStatus) *providers.Error {
	return checkSpec(v1alpha1.CommitStatusSpec{SHA: st.SHA, Name: st.Name, Phase: st.Phase, Description: st.Description, URL: st.URL})
}
