package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

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

// joins has a cluster that joined at a time tell a claim.
func (f *fleet) joins(cluster string, joinedAt time.Time, change ...func(*v1alpha1.CommitStatus)) {
	cs := testStatus(change...)
	cs.UID = types.UID("uid-in-" + cluster)
	f.token[cluster] = f.Engage(cluster, joinedAt)
	f.SetRepo(cluster, f.token[cluster], types.NamespacedName{Namespace: "team-a", Name: "shop"}, testRepo())
	f.SetObject(cluster, f.token[cluster], cs)
	f.Synced(cluster, f.token[cluster])
}

func TestLedger_CountsNoClaimAsOlderThanItsMembersSecret(t *testing.T) {
	for name, made := range map[string]int64{"of 1970": 1, "of before 1970": -1000, "of shortly before its Secret": 3999} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.joins("eu", time.Unix(2000, 0), createdAt(3000), wants("failure"))
			f.joins("liar", time.Unix(4000, 0), createdAt(made), wants("success"))
			f.g.Expect(f.job().Verdict.Owner.Object.Cluster).To(Equal("eu"))
			f.g.Expect(f.job().Verdict.Want.Phase).To(Equal(v1alpha1.Phase("failure")))
			f.Showed(testKey, f.job(), shows("failure"), true)
			loser := f.published("liar")
			f.g.Expect(loser.Owner).To(Equal("eu/team-a/build"))
			why := ""
			if made < 3000 {
				why = "; no claim counts as older than its cluster's Secret on the hub"
			}
			f.g.Expect(loser.SyncFailure.Message).To(Equal("github.com shows failure, as eu/team-a/build wants it; here it is success" + why))
		})
	}
}

func TestLedger_LetsTheHubsOwnClaimsBeAsOldAsTheyAre(t *testing.T) {
	f := newFleet(t)
	f.joins("eu", time.Unix(2000, 0), createdAt(3000), wants("failure"))
	f.joins("local", time.Time{}, createdAt(1000), wants("success"))
	f.g.Expect(f.job().Verdict.Owner.Object.Cluster).To(Equal("local"))
}

func TestLedger_AggregateTakesTheURLOfTheSeniorClaim(t *testing.T) {
	claim := func(cluster string, created int64) Claim {
		c := claimBy(cluster, "x", created, "failure")
		c.Want.URL = "https://" + cluster
		return c
	}
	want, how := aggregate(claimList{claim("b", 1), claim("a", 2)})
	g := NewWithT(t)
	g.Expect(want.URL).To(Equal("https://b"))
	g.Expect(how.First[0].Cluster).To(Equal("b"))
}

// says is a spec with texts.
func says(phase v1alpha1.Phase, description, url string) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) {
		cs.Spec.Phase, cs.Spec.Description, cs.Spec.URL = phase, description, url
	}
}

func TestLedger_SharesAPhaseThatAnotherClaimDescribes(t *testing.T) {
	for name, c := range map[string]struct {
		younger func(*v1alpha1.CommitStatus)
		message string
	}{
		"another description": {says("success", "two", "https://a.example"), `github.com shows success with the description "one", as eu/team-a/build wants it; here it is the description "two"`},
		"another URL":         {says("success", "one", "https://b.example"), `github.com shows success with the URL "https://a.example", as eu/team-a/build wants it; here it is the URL "https://b.example"`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.hear("eu", testStatus(createdAt(1), says("success", "one", "https://a.example")))
			f.hear("us", testStatus(createdAt(2), c.younger))
			shown := shows("success")
			shown.Description, shown.URL = "one", "https://a.example"
			f.Showed(testKey, f.job(), shown, true)
			f.g.Expect(readyOf(f.published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
			got := f.published("us")
			f.g.Expect(readyOf(got).Reason).To(Equal(v1alpha1.ReasonShared))
			f.g.Expect(readyOf(got).Message).To(Equal(c.message))
			f.g.Expect(got.IsSynced).To(BeFalse())
			f.g.Expect(got.SyncFailure).To(BeNil())
			f.g.Expect(got.Owner).To(Equal("eu/team-a/build"))
			f.g.Expect(got.Phase).To(Equal(v1alpha1.Phase("success")))
			f.g.Expect(f.Count().Conflicting).To(BeZero())
		})
	}
}

// coarse shows in_progress for queued too.
type coarse struct{ fakeDialect }

func (coarse) Render(want providers.Status) providers.Status {
	if want.Phase == "in_progress" {
		want.Phase = "queued"
	}
	return want
}

func (c coarse) Next(shown *providers.Shown, want providers.Status) providers.Step {
	now := *shown
	now.Status = c.Render(now.Status)
	return c.fakeDialect.Next(&now, c.Render(want))
}

func TestStatusOf_ComparesPhasesAsTheSCMShowsThem(t *testing.T) {
	g := NewWithT(t)
	owner, other := claimBy("eu", "x", 1, "queued"), claimBy("us", "x", 2, "in_progress")
	owner.Key, other.Key = testKey, testKey
	other.Want.Description = "here"
	s := statusInput{claim: other, verdict: Verdict{Owner: owner, Want: owner.Want}, shown: shows("queued"), dialect: coarse{}}
	got, _ := statusOf(s, time.Now())
	g.Expect(readyOf(&got).Reason).To(Equal(v1alpha1.ReasonShared))
	g.Expect(got.Phase).To(Equal(v1alpha1.Phase("in_progress")), "the spec's word, where both are shown alike")
	s.dialect = fakeDialect{}
	got, _ = statusOf(s, time.Now())
	g.Expect(readyOf(&got).Reason).To(Equal(v1alpha1.ReasonConflict))
}
