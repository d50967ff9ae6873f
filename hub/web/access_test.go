package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

func TestAccess_IsForThoseWhomTheAPIServerLets(t *testing.T) {
	g := NewWithT(t)
	reviews := fake.NewClientset()
	reviews.PrependReactor("create", "tokenreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		review := action.(clienttesting.CreateAction).GetObject().(*authenticationv1.TokenReview)
		switch review.Spec.Token {
		case "hangs":
			return true, nil, errors.New("no answer to the token hangs")
		case "good", "poor":
			review.Status = authenticationv1.TokenReviewStatus{Authenticated: true, User: authenticationv1.UserInfo{Username: review.Spec.Token, Groups: []string{"team"}}}
		default:
			review.Status.Error = "invalid bearer token"
		}
		return true, review, nil
	})
	var asked authorizationv1.SubjectAccessReviewSpec
	reviews.PrependReactor("create", "subjectaccessreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		review := action.(clienttesting.CreateAction).GetObject().(*authorizationv1.SubjectAccessReview)
		asked = review.Spec
		review.Status.Allowed = review.Spec.User == "good"
		return true, review, nil
	})
	logged := ""
	a := access{reviews: reviews, log: funcr.New(func(_, args string) { logged += args }, funcr.Options{})}
	handler := a.of(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	for authorization, status := range map[string]int{
		"": 401, "Basic Z29vZA==": 401, "Bearer ": 401, "Bearer bad": 401, "Bearer poor": 403, "Bearer good": 418, "Bearer hangs": 503,
	} {
		r := httptest.NewRequest(http.MethodGet, "/fleet", http.NoBody)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		g.Expect(w.Code).To(Equal(status), authorization)
		g.Expect(w.Header().Get("WWW-Authenticate") != "").To(Equal(status == 401), authorization)
		if status == 418 {
			g.Expect(asked.Groups).To(Equal([]string{"team"}))
			g.Expect(*asked.NonResourceAttributes).To(Equal(authorizationv1.NonResourceAttributes{Path: "/fleet", Verb: "get"}))
		}
	}
	g.Expect(logged).To(And(ContainSubstring("whose token it is"), Not(ContainSubstring("hangs"))), "a token is in no log")
}
