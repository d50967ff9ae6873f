package why

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Target is what a person asks for: a commit, a CommitStatus, or what may be either.
type Target struct {
	// Repo is the repository of the commit, with or without the SCM's host; "" is any.
	Repo string
	// SHA is the commit's hash, whole or its first digits; "" where no commit is meant.
	SHA string
	// Object is the CommitStatus, as cluster/namespace/name; "" where none is meant.
	Object string
}

// hash is a commit's, or its first digits: as many as git itself shows.
var hash = regexp.MustCompile(`^[0-9a-fA-F]{7,64}$`)

// full reports whether a hash is whole.
func full(sha string) bool { return len(sha) == 40 || len(sha) == 64 }

// forms are what Parse takes, for its errors.
const forms = "a commit (HOST/REPO/SHA, REPO@SHA, SHA with 7 digits or more, or the address of its page) or a CommitStatus (CLUSTER/NAMESPACE/NAME)"

// Parse reads what a person asks for.
func Parse(text string) (Target, error) {
	text = strings.TrimSpace(text)
	if scheme, _, ok := strings.Cut(text, "://"); ok && (scheme == "http" || scheme == "https") {
		return parseAddress(text)
	}
	path := strings.Trim(text, "/")
	if repo, sha, ok := cutLast(path, "@"); ok {
		return commit(repo, sha)
	}
	repo, last, ok := cutLast(path, "/")
	if !ok {
		repo, last = "", path
	}
	t := Target{}
	if hash.MatchString(last) {
		var err error
		if t, err = commit(repo, last); err != nil {
			return Target{}, err
		}
	}
	if isObject(path) && !full(last) {
		t.Object = path
	}
	if t == (Target{}) {
		return Target{}, fmt.Errorf("%q is not %s", text, forms)
	}
	return t, nil
}

// parseAddress reads the address of a commit's page, in the fleet page or in an SCM.
func parseAddress(text string) (Target, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Target{}, fmt.Errorf("reading the address: %w", err)
	}
	path := strings.TrimSuffix(u.Path, "/")
	if _, page, ok := strings.Cut(path, "/commits/"); ok {
		if repo, sha, ok := cutLast(page, "/"); ok {
			return commit(repo, sha)
		}
	}
	for _, infix := range []string{"/-/commit/", "/commit/", "/commits/"} {
		if repo, sha, ok := strings.Cut(path, infix); ok && repo != "" {
			return commit(u.Host+repo, sha)
		}
	}
	return Target{}, fmt.Errorf("%s is not the address of a commit", text)
}

// commit returns the target of a repository, "" for any, and a hash.
func commit(repo, sha string) (Target, error) {
	if !hash.MatchString(sha) {
		return Target{}, fmt.Errorf("%q is not the hash of a commit: it takes at least 7 hexadecimal digits", sha)
	}
	for part := range strings.SplitSeq(repo, "/") {
		if repo != "" && (part == "" || part == "." || part == "..") {
			return Target{}, fmt.Errorf("%q is not a repository", repo)
		}
	}
	return Target{Repo: repo, SHA: strings.ToLower(sha)}, nil
}

// isObject reports whether a path may be that of a CommitStatus.
func isObject(path string) bool {
	parts := strings.Split(path, "/")
	return len(parts) == 3 && parts[0] != "" && parts[1] != "" && parts[2] != ""
}

// cutLast cuts a text at the last separator.
func cutLast(text, separator string) (before, after string, ok bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}

// String returns the target as a person may have written it.
func (t Target) String() string {
	switch {
	case t.SHA == "":
		return t.Object
	case t.Repo == "":
		return t.SHA
	}
	return t.Repo + "@" + t.SHA
}
