package gitlab

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// check refuses what GitLab would refuse, since a refused request can leave an empty
// pipeline behind. want is rendered.
func check(at providers.Target, want providers.Status) error {
	switch _, known := states[want.Phase]; {
	case !known:
		return providers.Errorf(v1alpha1.ReasonInvalid, "%q is not a phase", want.Phase)
	case !isHash(at.SHA):
		return providers.Errorf(v1alpha1.ReasonInvalid, "%q is not the full hash of a commit", at.SHA)
	case strings.TrimSpace(at.Name) == "":
		return providers.Errorf(v1alpha1.ReasonInvalid, "the name is empty, which GitLab does not take")
	case utf8.RuneCountInString(at.Name) > maxField:
		return providers.Errorf(v1alpha1.ReasonInvalid, "the name is longer than %d characters, which GitLab does not take", maxField)
	case strings.ContainsRune(at.Name, 0) || !utf8.ValidString(at.Name):
		return providers.Errorf(v1alpha1.ReasonInvalid, "the name holds bytes that GitLab does not take")
	}
	return checkURL(want.URL)
}

func checkURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || strings.ContainsRune(text, 0) || strings.TrimSpace(text) != text:
		return providers.Errorf(v1alpha1.ReasonInvalid, "the url is not one that GitLab takes")
	case u.Scheme != "http" && u.Scheme != "https":
		return providers.Errorf(v1alpha1.ReasonInvalid, "the url is neither http nor https, which GitLab does not take")
	}
	return nil
}

func isHash(sha string) bool {
	return (len(sha) == 40 || len(sha) == 64) && strings.Trim(sha, "0123456789abcdef") == ""
}
