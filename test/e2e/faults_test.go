package e2e

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

func objectMeta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

func isCreate(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/check-runs")
}

// dropAfterCreate makes the run and never answers.
func dropAfterCreate() github.Fault {
	return github.Fault{Match: isCreate, Times: 1, DropAfter: true}
}

// retryAfter refuses one create for some seconds.
func retryAfter(seconds string) github.Fault {
	return github.Fault{
		Match: isCreate, Times: 1,
		Status: http.StatusTooManyRequests,
		Header: http.Header{"Retry-After": []string{seconds}},
		Body:   `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`,
	}
}

// hang never answers a create.
func hang() github.Fault {
	return github.Fault{Match: isCreate, Times: 1000, Hang: true}
}

// pemOf writes a certificate as kubeconfigs hold it.
func pemOf(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

// secondSecret and secondProvider bring a world's GitHub into another's hub.
func (w *world) secondSecret() *corev1.Secret {
	return &corev1.Secret{ObjectMeta: objectMeta(w.namespace, "other-app"), Data: map[string][]byte{"privateKey": w.pem}}
}

func (w *world) secondProvider() *v1alpha1.ScmProvider {
	return &v1alpha1.ScmProvider{
		ObjectMeta: objectMeta(w.namespace, "other"),
		Spec: v1alpha1.ScmProviderSpec{
			GitHub:    &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(w.scm.URL()), AppID: appID},
			SecretRef: v1alpha1.ObjectReference{Name: "other-app"},
			Grants:    []v1alpha1.Grant{{Clusters: []v1alpha1.Pattern{"*"}, Repositories: []v1alpha1.Pattern{"acme/*"}}},
		},
	}
}

func repoOf(namespace, name, provider, repository string) *v1alpha1.GitRepo {
	return &v1alpha1.GitRepo{
		ObjectMeta: objectMeta(namespace, name),
		Spec:       v1alpha1.GitRepoSpec{ScmProviderRef: v1alpha1.ObjectReference{Name: provider}, Repository: repository},
	}
}

// refused returns which call was the first to be answered 429, -1 for none.
func (w *world) refused() int {
	return slices.IndexFunc(w.scm.Calls(), func(c github.Call) bool { return c.Status == http.StatusTooManyRequests })
}
