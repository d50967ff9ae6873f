package gitlab

import (
	"context"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	gl "gitlab.com/gitlab-org/api/client-go"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

func TestWhatTheLibraryMakesOfAnAnswerIsNotTold(t *testing.T) {
	g := NewWithT(t)
	a := &account{host: "gitlab.com"}
	failed := a.failed(&attempt{}, fmt.Errorf("wrapped: %w", &gl.ErrorResponse{Message: "hush"}))
	g.Expect(failed.Message).To(Equal("gitlab.com: the answer is not understood"))
}

func TestWhatTheTransportKnowsCountsMoreThanAContextThatIsOver(t *testing.T) {
	g := NewWithT(t)
	known := providers.Errorf(v1alpha1.ReasonCommitNotFound, "no such commit")
	a := &account{host: "gitlab.com"}
	g.Expect(a.failed(&attempt{err: known}, context.Canceled)).To(BeIdenticalTo(known))
}

func TestEveryCallEnds(t *testing.T) {
	g := NewWithT(t)
	ctx, cancel := withDeadline(t.Context())
	defer cancel()
	ends, ok := ctx.Deadline()
	g.Expect(ok).To(BeTrue())
	g.Expect(ends).To(BeTemporally("~", time.Now().Add(30*time.Second), 5*time.Second))

	given, cancelGiven := context.WithTimeout(t.Context(), time.Hour)
	defer cancelGiven()
	ctx, cancel = withDeadline(given)
	defer cancel()
	ends, _ = ctx.Deadline()
	g.Expect(ends).To(BeTemporally(">", time.Now().Add(50*time.Minute)))
}
