package ledger

import (
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

func claimBy(cluster, name string, createdAt int64, phase v1alpha1.Phase) Claim {
	return Claim{
		Object:    ObjectID{Cluster: cluster, Namespace: "team-a", Name: name},
		CreatedAt: time.Unix(createdAt, 0),
		Want:      providers.Status{Phase: phase},
	}
}

// fixedFleet are circumstances as a test tells them.
type fixedFleet struct {
	// aggregate are the ScmProviders that aggregate.
	aggregate []string
	// silent are the clusters that have not been synced.
	silent []string
}

func (c fixedFleet) aggregates(scmProvider string) bool {
	return slices.Contains(c.aggregate, scmProvider)
}

func (c fixedFleet) unsynced(cluster string, _ Key) bool { return slices.Contains(c.silent, cluster) }

func (c fixedFleet) awaited(Key) string {
	if len(c.silent) == 0 {
		return ""
	}
	return c.silent[0]
}

func TestTheOldestClaimOwnsTheKey(t *testing.T) {
	for name, c := range map[string]struct {
		claims []Claim
		owner  string
	}{
		"by age":            {[]Claim{claimBy("a", "x", 2, "success"), claimBy("b", "x", 1, "failure")}, "b/team-a/x"},
		"ties by cluster":   {[]Claim{claimBy("b", "x", 1, "success"), claimBy("a", "y", 1, "failure")}, "a/team-a/y"},
		"then by name":      {[]Claim{claimBy("a", "y", 1, "success"), claimBy("a", "x", 1, "failure")}, "a/team-a/x"},
		"whatever it wants": {[]Claim{claimBy("a", "x", 1, "queued"), claimBy("b", "x", 2, "failure")}, "a/team-a/x"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			v := arbitrate(claimList(c.claims), fixedFleet{})
			g.Expect(v.Owner.Object.String()).To(Equal(c.owner))
			g.Expect(v.Want).To(Equal(v.Owner.Want))
			g.Expect(v.WaitFor).To(BeEmpty())
		})
	}
}

func TestAnUnheardOwnerIsWaitedFor(t *testing.T) {
	g := NewWithT(t)
	loser := claimBy("a", "x", 2, "success")
	loser.RecordedOwner = "b/team-a/x"
	v := arbitrate(claimList{loser}, fixedFleet{silent: []string{"b"}})
	g.Expect(v.WaitFor).To(Equal("b"))
	v = arbitrate(claimList{loser}, fixedFleet{silent: []string{"c"}})
	g.Expect(v.WaitFor).To(BeEmpty(), "b was heard, or waited for long enough")
	owner := claimBy("b", "x", 1, "success")
	v = arbitrate(claimList{loser, owner}, fixedFleet{silent: []string{"a", "b"}})
	g.Expect(v.WaitFor).To(BeEmpty(), "the owner is here")
}

func TestPlan(t *testing.T) {
	queued := &providers.Shown{Status: providers.Status{Phase: "queued"}}
	success := &providers.Shown{Status: providers.Status{Phase: "success"}}
	for name, c := range map[string]struct {
		now  Observation
		want v1alpha1.Phase
		do   Action
	}{
		"nothing there for certain":          {Observation{evidence: evidence{source: confirmed}}, "queued", ActCreate},
		"perhaps nothing there":              {Observation{}, "queued", ActFind},
		"shown already":                      {Observation{Shown: queued, evidence: evidence{source: confirmed}}, "queued", ActNothing},
		"shown already, as a member says":    {Observation{Shown: queued}, "queued", ActNothing},
		"differs":                            {Observation{Shown: queued, evidence: evidence{source: confirmed}}, "success", ActUpdate},
		"differs, as a member says":          {Observation{Shown: queued}, "success", ActFind},
		"reopened":                           {Observation{Shown: success, evidence: evidence{source: confirmed}}, "queued", ActCreate},
		"reopened, as a member says":         {Observation{Shown: success}, "queued", ActFind},
		"an answer was lost":                 {Observation{evidence: evidence{source: confirmed, doubt: lost}}, "queued", ActFind},
		"an answer was lost, old state fits": {Observation{Shown: queued, evidence: evidence{source: confirmed, doubt: lost}}, "queued", ActFind},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(plan(fakeDialect{}, c.now, providers.Status{Phase: c.want})).To(Equal(c.do))
		})
	}
}

func TestRetrySchedules(t *testing.T) {
	for reason, want := range map[string][]time.Duration{
		v1alpha1.ReasonUnavailable:        {time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute},
		v1alpha1.ReasonCommitNotFound:     {5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute},
		v1alpha1.ReasonCredentialsInvalid: {10 * time.Minute, 20 * time.Minute, 40 * time.Minute, 80 * time.Minute, 160 * time.Minute, 320 * time.Minute, 6 * time.Hour, 6 * time.Hour},
	} {
		t.Run(reason, func(t *testing.T) {
			for i, d := range want {
				NewWithT(t).Expect(retryAfter(reason, i+1)).To(Equal(d), "attempt %d", i+1)
			}
		})
	}
}

func TestSeniority(t *testing.T) {
	at := func(sec int64) time.Time { return time.Unix(sec, 0) }
	for name, c := range map[string]struct{ made, joined, want time.Time }{
		"made after the Secret":           {at(20), at(10), at(20)},
		"made before the Secret":          {at(5), at(10), at(10)},
		"made in 1970":                    {at(0), at(10), at(10)},
		"without a creationTimestamp":     {time.Time{}, at(10), at(10)},
		"made in the future":              {at(1 << 40), at(10), at(1 << 40)},
		"the hub's own cluster":           {at(5), time.Time{}, at(5)},
		"the hub's own cluster, unstated": {time.Time{}, time.Time{}, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(seniority(c.made, c.joined)).To(Equal(c.want))
		})
	}
}

func TestOlder_ComparesCreationTimestampsOnlyWithinACluster(t *testing.T) {
	g := NewWithT(t)
	of := func(cluster, name string, made int64) Claim {
		c := claimBy(cluster, name, 100, "success")
		c.Made = time.Unix(made, 0)
		return c
	}
	g.Expect(arbitrate(claimList{of("b", "x", 1), of("a", "x", 50)}, fixedFleet{}).Owner.Object.Cluster).To(Equal("a"))
	g.Expect(arbitrate(claimList{of("a", "x", 50), of("a", "y", 1)}, fixedFleet{}).Owner.Object.Name).To(Equal("y"))
}
