package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	// reviewTimeout bounds what is asked of the API server for one request.
	reviewTimeout = 10 * time.Second
	// reviewQPS and reviewBurst bound how often it is asked. They are apart from the hub's own, so
	// that who floods the page takes nothing of what the lease needs.
	reviewQPS, reviewBurst = 50, 100
)

// access asks the API server whose token a request has, and whether they may see its path.
type access struct {
	reviews kubernetes.Interface
	log     logr.Logger
}

// Access returns what lets those through whom the API server of the hub's cluster authenticates and
// authorizes, as TokenReview and SubjectAccessReview say. A token that it does not accept is 401.
func Access(config *rest.Config, client *http.Client, log logr.Logger) (func(http.Handler) http.Handler, error) {
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = reviewQPS, reviewBurst
	reviews, err := kubernetes.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, fmt.Errorf("making a client for reviews of access: %w", err)
	}
	return access{reviews: reviews, log: log}.of, nil
}

// of returns a handler that is for those who may look.
func (a access) of(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, err := a.review(r)
		switch {
		case err != nil:
			a.log.Error(err, "access to the fleet page cannot be reviewed")
			http.Error(w, "the API server of the hub does not answer", status)
		case status == http.StatusUnauthorized:
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "send the bearer token of an account of the hub's cluster", status)
		case status == http.StatusForbidden:
			http.Error(w, "the account may not get the non-resource URL "+r.URL.Path, status)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// review returns the status with which a request is to be answered, 200 where it is to be served.
func (a access) review(r *http.Request) (status int, err error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return http.StatusUnauthorized, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), reviewTimeout)
	defer cancel()
	who, err := a.reviews.AuthenticationV1().TokenReviews().Create(ctx,
		&authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{})
	switch {
	case err != nil:
		return http.StatusServiceUnavailable, errors.New("asking the API server whose token it is") // the error could repeat the token
	case !who.Status.Authenticated:
		return http.StatusUnauthorized, nil
	}
	extra := map[string]authorizationv1.ExtraValue{}
	for key, values := range who.Status.User.Extra {
		extra[key] = authorizationv1.ExtraValue(values)
	}
	may, err := a.reviews.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User: who.Status.User.Username, UID: who.Status.User.UID, Groups: who.Status.User.Groups, Extra: extra,
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: r.URL.Path, Verb: strings.ToLower(r.Method)},
		},
	}, metav1.CreateOptions{})
	switch {
	case err != nil:
		return http.StatusServiceUnavailable, fmt.Errorf("asking the API server what %s may see: %w", who.Status.User.Username, err)
	case !may.Status.Allowed:
		return http.StatusForbidden, nil
	}
	return http.StatusOK, nil
}
