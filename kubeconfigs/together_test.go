package kubeconfigs

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

func TestObjectsDecode_BoundsWhatAllMembersDecodeAtOnce(t *testing.T) {
	g := NewWithT(t)
	const members, conditions = 60, valuesLimit/2 - 100
	const atOnce = decodingLimit / (costOfValue * conditions)
	// A hundred times as many bytes once they are decoded.
	object := statusHead + statusMeta + `},"status":{"conditions":[{}` + strings.Repeat(`,{}`, conditions-1) + `]}}`
	page := httptest.NewRecorder()
	zipped(200, listStart+object, "", 0, "]}")(page, nil)
	answer := page.Body.Bytes()
	shared := newCodec(clusters.Scheme())
	c := hostile(t, func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "application/json")
		out.Header().Set("Content-Encoding", "gzip")
		_, _ = out.Write(answer)
	})
	var inside, decoded atomic.Int64
	release := make(chan struct{})
	hold := func(object client.Object) int {
		inside.Add(1)
		<-release
		inside.Add(-1)
		if status, ok := object.(*v1alpha1.CommitStatus); ok && len(status.Status.Conditions) == conditions {
			decoded.Add(1)
			status.Status.Conditions = nil // as the hub keeps it
		}
		return 0
	}
	var group sync.WaitGroup
	most := growth(func() {
		for range members {
			f := feedOf(t, c)
			f.objects.codec, f.objects.keep = shared, hold
			group.Go(func() { _, _ = f.relist(t.Context()) })
		}
		g.Eventually(inside.Load).WithTimeout(20 * time.Second).Should(BeNumerically(">", 0))
		g.Consistently(inside.Load).Should(BeNumerically("<=", atOnce), "objects that are decoded at once")
		close(release)
		group.Wait()
	})
	g.Expect(decoded.Load()).To(BeEquivalentTo(members), "who waits is served")
	t.Logf("%d MiB", most>>20)
	g.Expect(most).To(BeNumerically("<", heapLimit))
}
