package ledger

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

func TestPrioritiesFollowThePhase(t *testing.T) {
	g := NewWithT(t)
	for phase, priority := range map[v1alpha1.Phase]int{
		"queued": ratelimit.PriorityQueued, "in_progress": ratelimit.PriorityInProgress, "success": ratelimit.PriorityTerminal,
		"failure": ratelimit.PriorityTerminal, "canceled": ratelimit.PriorityTerminal,
	} {
		g.Expect(priorityOf(providers.Status{Phase: phase})).To(Equal(priority), string(phase))
	}
}
