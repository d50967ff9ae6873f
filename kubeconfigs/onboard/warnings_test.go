package onboard

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// kubeconfigFor leads to a test server.
func kubeconfigFor(t *testing.T, server *httptest.Server) []byte {
	t.Helper()
	text, err := clientcmd.Write(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{"c": {
			Server:                   server.URL,
			CertificateAuthorityData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"u": {Token: "token"}},
		Contexts:       map[string]*clientcmdapi.Context{"x": {Cluster: "c", AuthInfo: "u"}},
		CurrentContext: "x",
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestCheck_ShowsNoWarningsOfAMember(t *testing.T) {
	g := NewWithT(t)
	var asked atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		for n := range 20 {
			out.Header().Add("Warning", fmt.Sprintf(`299 - "noise %d"`, n))
		}
		out.Header().Set("Content-Type", "application/json")
		answer := `{"kind":"APIResourceList","apiVersion":"v1","resources":[{"name":"commitstatuses"}]}`
		if r.Method == http.MethodPost {
			answer = `{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","status":{"allowed":false}}`
		}
		_, _ = io.WriteString(out, answer)
	}))
	defer server.Close()
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "hub", Name: "prod-eu", Labels: map[string]string{kubeconfigs.MemberLabel: "true"}},
		Data:       map[string][]byte{kubeconfigs.KubeconfigKey: kubeconfigFor(t, server)},
	}
	var lines []string
	log := funcr.New(func(_, line string) { lines = append(lines, line) }, funcr.Options{})
	klog.SetLogger(log)
	defer klog.ClearLogger()

	findings, err := Check(logr.NewContext(t.Context(), log), Cluster{Client: fake.NewClientBuilder().WithObjects(secret).Build()}, "hub", "prod-eu", time.Now())
	g.Expect(err).NotTo(HaveOccurred())
	var out bytes.Buffer
	report := NewCheckReport("prod-eu", findings, nil)
	g.Expect(report.Bad()).To(BeNumerically(">", 0))
	g.Expect(report.Print(&out, Text)).To(Succeed())
	g.Expect(asked.Load()).To(BeNumerically(">", 5))
	g.Expect(out.String() + strings.Join(lines, "\n")).NotTo(ContainSubstring("noise"))
}
