package providers

import (
	"net"
	"net/url"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Endpoint returns the root of an SCM's API, which is text in spec.FIELD.apiURL,
// without a slash at its end. It fails with an *Error where a credential must not be
// sent there. That is checked again although the CRD does it, which may be older.
func Endpoint(field, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return nil, Errorf(v1alpha1.ReasonInvalid, "spec.%s.apiURL is not a URL", field)
	}
	switch {
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, Errorf(v1alpha1.ReasonInvalid, "spec.%s.apiURL must have no user, query or fragment", field)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return nil, Errorf(v1alpha1.ReasonInvalid, "spec.%s.apiURL must be an https URL (http on the loopback interface only)", field)
	}
	u.Host = strings.ToLower(u.Host)
	u.RawPath = ""
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// WebHost is a host with its port, as status.repo has it: without the port of https.
func WebHost(host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && port != "443" {
		return host + ":" + port
	}
	return host
}

// WebRoot is the root of an SCM's web pages, as status.repo has it: the host with its port, and
// the path that the root of the API has before suffix. Two SCMs of one host differ in it.
func WebRoot(host string, api *url.URL, suffix string) string {
	path := strings.TrimSuffix(strings.TrimRight(api.Path, "/"), suffix)
	return WebHost(host, api.Port()) + strings.TrimRight(path, "/")
}

// Split parts a repository's path into two, escaped for a URL's path. It fails with
// an *Error that says that the path is none of the SCM's, which are such as form.
func Split(repository, scm, form string) (owner, name string, err error) {
	owner, name, ok := strings.Cut(repository, "/")
	if !ok || strings.Contains(name, "/") || !Segment(owner) || !Segment(name) {
		return "", "", Errorf(v1alpha1.ReasonInvalid, "%q is not a repository of %s, which is %s", repository, scm, form)
	}
	return url.PathEscape(owner), url.PathEscape(name), nil
}

// Segment reports whether s stays one segment of a path: dots would climb out.
func Segment(s string) bool { return s != "" && s != "." && s != ".." }
