package hub

import (
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestWhatAMemberDoesNotDeclareIsLeftOutForAWhile(t *testing.T) {
	g := NewWithT(t)
	clk := clocktesting.NewFakePassiveClock(time.Unix(1000, 0))
	u := newUndeclared(clk)
	g.Expect(u.learn(nil)).To(BeFalse())
	g.Expect(u.learn(errors.New("the server is away"))).To(BeFalse())
	g.Expect(u.any()).To(BeFalse())
	refusal := errors.New("failed to create typed patch object (team-1/build; commit-status.argoproj.io/v1alpha1, Kind=CommitStatus): errors:\n" +
		"  .status.shortSha: field not declared in schema\n  .status.provider.gitlab.pipelineId: field not declared in schema")
	g.Expect(u.learn(refusal)).To(BeTrue())
	g.Expect(u.learn(refusal)).To(BeFalse(), "to leave out the same once more helps nobody")
	g.Expect(u.any()).To(BeTrue())
	status := func() map[string]any {
		return map[string]any{"shortSha": "x", "phase": "queued", "provider": map[string]any{"gitlab": map[string]any{"statusId": 1, "pipelineId": 2}}}
	}
	left := status()
	u.leaveOut(left)
	g.Expect(left).To(Equal(map[string]any{"phase": "queued", "provider": map[string]any{"gitlab": map[string]any{"statusId": 1}}}))

	clk.SetTime(clk.Now().Add(undeclaredFor))
	g.Expect(u.any()).To(BeFalse())
	whole := status()
	u.leaveOut(whole)
	g.Expect(whole).To(Equal(status()), "the CRDs may have been renewed")
	g.Expect(u.learn(refusal)).To(BeTrue())
}
