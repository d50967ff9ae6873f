package publish

import (
	"testing"

	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

func TestEachThingThatIsDeniedIsLoggedOnce(t *testing.T) {
	told := func(reason, message string) v1alpha1.CommitStatusStatus {
		return v1alpha1.CommitStatusStatus{Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: reason, Message: message}}}
	}
	for name, c := range map[string]struct {
		before, now v1alpha1.CommitStatusStatus
		lines       int
	}{
		"new":                   {v1alpha1.CommitStatusStatus{}, told(v1alpha1.ReasonDenied, "no grant for a"), 1},
		"after it was let":      {told(v1alpha1.ReasonSynced, "shown"), told(v1alpha1.ReasonDenied, "no grant for a"), 1},
		"something else, again": {told(v1alpha1.ReasonDenied, "no grant for a"), told(v1alpha1.ReasonDenied, "no grant for b"), 1},
		"the same again":        {told(v1alpha1.ReasonDenied, "no grant for a"), told(v1alpha1.ReasonDenied, "no grant for a"), 0},
		"let":                   {told(v1alpha1.ReasonDenied, "no grant for a"), told(v1alpha1.ReasonSynced, "shown"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var lines []string
			log := funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{})
			audit(log, ledger.Patch{Before: c.before, Status: c.now, Source: ledgertest.CommitStatus()})
			g.Expect(lines).To(HaveLen(c.lines))
			for _, line := range lines {
				g.Expect(line).To(And(ContainSubstring("denied"), ContainSubstring(ledgertest.SHA), ContainSubstring("no grant for")))
			}
		})
	}
}
