package bitbucket

import (
	"net"
	"net/url"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// endpoint returns the root of the API with a slash at its end. The URL is checked
// again although the CRD does it: a credential is going to be sent there.
func (s *service) endpoint(spec v1alpha1.ScmProviderSpec) (*url.URL, error) {
	text, set := s.apiURL(spec)
	if !set {
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.%s is not set", s.name)
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.%s.apiURL is not a URL", s.name)
	}
	u.Host = strings.ToLower(u.Host)
	u.RawPath = ""
	u.Path = strings.TrimRight(u.Path, "/")
	switch {
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.%s.apiURL must have no user, query or fragment", s.name)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return nil, providers.Errorf(v1alpha1.ReasonInvalid,
			"spec.%s.apiURL must be an https URL (http on the loopback interface only)", s.name)
	case u.Hostname() == cloudHost || u.Hostname() == "www."+cloudHost:
		return nil, providers.Errorf(v1alpha1.ReasonInvalid,
			"spec.%s.apiURL is the address of web pages: the API of %s is at %s", s.name, cloudHost, cloudAPI)
	case !s.root.MatchString(u.Path):
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.%s.apiURL must end in %s, where the API is", s.name, s.wants)
	}
	u.Path += "/"
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// webHost is the host of the web pages that belong to an API.
func webHost(api *url.URL) string {
	host := api.Hostname()
	if host == cloudAPIHost {
		host = cloudHost
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := api.Port(); port != "" && port != "443" {
		return host + ":" + port
	}
	return host
}

// split parts a repository's path into two, escaped for a URL's path.
func (s *service) split(repository string) (owner, name string, err error) {
	owner, name, ok := strings.Cut(repository, "/")
	if !ok || strings.Contains(name, "/") || !segment(owner) || !segment(name) {
		return "", "", providers.Errorf(v1alpha1.ReasonInvalid,
			"%q is not a repository of %s, which is %s", repository, s.title, s.repository)
	}
	return url.PathEscape(owner), url.PathEscape(name), nil
}

// segment reports whether s stays one segment of a path: dots would climb out.
func segment(s string) bool { return s != "" && s != "." && s != ".." }
