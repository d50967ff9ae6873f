package kubeconfigs

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"path"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// errStrayed is returned instead of following a member elsewhere.
var errStrayed = errors.New("the member redirects, which is not followed")

// transport carries every request to one member.
//
// It sends them to that member alone: a redirect to another host would take the token along, or
// make the hub call what only the hub can reach. It bounds each in time and in size. It removes
// its token from responses and errors, which others may read, and Retry-After from responses,
// on which client-go would sleep up to ten times inside one call, as long as the member says.
type transport struct {
	base      http.RoundTripper
	server    string // scheme and host
	deadlines deadlines
	// token is empty where base brings the credential itself.
	token atomic.Pointer[string]
	// doubts holds what last made the connection doubtful, one error at most.
	doubts chan error
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme+"://"+request.URL.Host != t.server {
		if request.Body != nil {
			_ = request.Body.Close()
		}
		return nil, errStrayed
	}
	var secret string
	if token := t.token.Load(); token != nil && *token != "" {
		secret = *token
		request = request.Clone(request.Context())
		request.Header.Set("Authorization", "Bearer "+secret)
	}
	response, err := t.deadlines.roundTrip(t.base, request)
	if err == nil {
		response.Header.Del("Retry-After")
		bound(request, response)
		hide(request, response, secret)
		if err = cmp.Or(redirected(response), mistyped(request, response)); err != nil {
			_ = response.Body.Close()
			response = nil
		}
	}
	if err != nil {
		err = hideIn(err, secret)
	}
	t.judge(request, response, err)
	return response, err
}

// redirected returns an error where the HTTP client would follow a redirect. An API server
// never redirects, and the address, which the member chooses, would appear in errors.
func redirected(response *http.Response) error {
	if response.StatusCode/100 == 3 && response.Header.Get("Location") != "" {
		return errStrayed
	}
	return nil
}

// judge raises doubts after a lost request, a rejected credential, or a list or
// watch that was denied. Other calls may well be answered with an error by a
// member in good health.
func (t *transport) judge(request *http.Request, response *http.Response, err error) {
	switch {
	case request.Context().Err() != nil, isCheck(request.Context()):
	case err != nil:
		t.raise(err)
	case response.StatusCode == http.StatusUnauthorized, watched(request) && failed(response.StatusCode):
		resource := schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: path.Base(request.URL.Path)}
		t.raise(apierrors.NewGenericServerResponse(response.StatusCode, request.Method, resource, "", response.Status, 0, true))
	}
}

func (t *transport) raise(doubt error) {
	select {
	case t.doubts <- doubt:
	default: // there is one already
	}
}

// watched reports whether request lists or watches one of the kinds that the hub caches.
func watched(request *http.Request) bool {
	resource := path.Base(request.URL.Path)
	return request.Method == http.MethodGet && (resource == commitStatuses || resource == gitRepos)
}

// failed reports whether a status is a failure. Those that a reflector expects are none: an
// expired resource version, and the request to come back later.
func failed(status int) bool {
	return status >= http.StatusBadRequest && status != http.StatusGone && status != http.StatusTooManyRequests
}

type checkKey struct{}

// asCheck marks requests whose outcome the caller judges itself.
func asCheck(ctx context.Context) context.Context {
	return context.WithValue(ctx, checkKey{}, true)
}

type pageKey struct{}

// asPage marks requests whose answer the caller reads object by object.
func asPage(ctx context.Context) context.Context { return context.WithValue(ctx, pageKey{}, true) }

func isPage(ctx context.Context) bool { return ctx.Value(pageKey{}) != nil }

func isCheck(ctx context.Context) bool { return ctx.Value(checkKey{}) != nil }
