package kubeconfigs

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// logRecorder keeps the lines of a log.
type logRecorder struct {
	mu    sync.Mutex
	lines []string
}

func (r *logRecorder) log() logr.Logger {
	return funcr.New(func(prefix, line string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.lines = append(r.lines, prefix+line)
	}, funcr.Options{Verbosity: 10})
}

func (r *logRecorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "\n")
}

// warning answers well and adds warnings to each answer.
func warning(out http.ResponseWriter, r *http.Request) {
	for n := range 20 {
		out.Header().Add("Warning", fmt.Sprintf(`299 - "noise %d"`, n))
	}
	out.Header().Set("Content-Type", "application/json")
	switch {
	case isWatch(r):
		_, _ = io.WriteString(out, `{"type":"BOOKMARK","object":`+statusHead+`"metadata":{"resourceVersion":"8"}}}`)
	case strings.HasSuffix(r.URL.Path, commitStatuses):
		_, _ = io.WriteString(out, listStart+"]}")
	case strings.HasSuffix(r.URL.Path, gitRepos):
		_, _ = io.WriteString(out, strings.Replace(listStart, "CommitStatusList", "GitRepoList", 1)+"]}")
	default:
		_, _ = io.WriteString(out, statusHead+statusMeta+"}}")
	}
}

func TestWarningsOfAMemberReachNoLog(t *testing.T) {
	g := NewWithT(t)
	var log logRecorder
	klog.SetLogger(log.log())
	defer klog.ClearLogger()
	ctx := logr.NewContext(t.Context(), log.log())
	var asked atomic.Int64
	c := hostile(t, func(out http.ResponseWriter, r *http.Request) { asked.Add(1); warning(out, r) })

	f := feedOf(t, c)
	version, err := f.relist(ctx)
	g.Expect(err).NotTo(HaveOccurred())
	_, _ = f.watch(ctx, version)
	codec := newCodec(clusters.Scheme())
	_, err = check(ctx, c, codec, nil)
	g.Expect(err).NotTo(HaveOccurred())
	others, err := kubernetes.NewForConfigAndClient(c.config, c.client)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = others.Discovery().RESTClient().Get().AbsPath("/version").DoRaw(ctx)
	g.Expect(err).NotTo(HaveOccurred())

	p := New(Options{Scheme: clusters.Scheme(), Log: log.log()})
	made, _, err := p.newCluster(c, nil, nil, newObjectLimiters(p, "eu", func() {}, func(error) {}))
	g.Expect(err).NotTo(HaveOccurred())
	object := &v1alpha1.CommitStatus{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "a"}}
	g.Expect(made.GetClient().Status().Patch(ctx, object, client.RawPatch("application/merge-patch+json", []byte(`{}`)))).To(Succeed())

	g.Expect(asked.Load()).To(BeNumerically(">", 5))
	g.Expect(log.text()).NotTo(ContainSubstring("noise"))
}
