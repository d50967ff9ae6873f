package ledger_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// joins has a cluster that joined at a time tell a claim.
func (f *fleet) joins(cluster string, joinedAt time.Time, change ...func(*v1alpha1.CommitStatus)) {
	cs := ledgertest.CommitStatus(change...)
	cs.UID = types.UID("uid-in-" + cluster)
	f.Token[cluster] = f.Engage(cluster, joinedAt)
	f.SetRepo(cluster, f.Token[cluster], types.NamespacedName{Namespace: "team-a", Name: "shop"}, ledgertest.GitRepo())
	f.SetObject(cluster, f.Token[cluster], cs)
	f.Synced(cluster, f.Token[cluster])
}

func TestLedger_CountsNoClaimAsOlderThanItsMembersSecret(t *testing.T) {
	for name, made := range map[string]int64{"of 1970": 1, "of before 1970": -1000, "of shortly before its Secret": 3999} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.joins("eu", time.Unix(2000, 0), ledgertest.CreatedAt(3000), ledgertest.Wants("failure"))
			f.joins("liar", time.Unix(4000, 0), ledgertest.CreatedAt(made), ledgertest.Wants("success"))
			f.G.Expect(f.Claimed().Verdict.Owner.Object.Cluster).To(Equal("eu"))
			f.G.Expect(f.Claimed().Verdict.Want.Phase).To(Equal(v1alpha1.Phase("failure")))
			f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("failure"), true)
			loser := f.Published("liar")
			f.G.Expect(loser.Owner).To(Equal("eu/team-a/build"))
			why := ""
			if made < 3000 {
				why = "; no claim counts as older than its cluster's Secret on the hub"
			}
			f.G.Expect(loser.SyncFailure.Message).To(Equal("github.com shows failure, as eu/team-a/build wants it; here it is success" + why))
		})
	}
}

func TestLedger_LetsTheHubsOwnClaimsBeAsOldAsTheyAre(t *testing.T) {
	f := newFleet(t)
	f.joins("eu", time.Unix(2000, 0), ledgertest.CreatedAt(3000), ledgertest.Wants("failure"))
	f.joins("local", time.Time{}, ledgertest.CreatedAt(1000), ledgertest.Wants("success"))
	f.G.Expect(f.Claimed().Verdict.Owner.Object.Cluster).To(Equal("local"))
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
			f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), says("success", "one", "https://a.example")))
			f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), c.younger))
			shown := ledgertest.Shows("success")
			shown.Description, shown.URL = "one", "https://a.example"
			f.Showed(ledgertest.Key, f.Claimed(), shown, true)
			f.G.Expect(ledgertest.ReadyOf(f.Published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
			got := f.Published("us")
			f.G.Expect(ledgertest.ReadyOf(got).Reason).To(Equal(v1alpha1.ReasonShared))
			f.G.Expect(ledgertest.ReadyOf(got).Message).To(Equal(c.message))
			f.G.Expect(got.IsSynced).To(BeFalse())
			f.G.Expect(got.SyncFailure).To(BeNil())
			f.G.Expect(got.Owner).To(Equal("eu/team-a/build"))
			f.G.Expect(got.Phase).To(Equal(v1alpha1.Phase("success")))
			f.G.Expect(f.Count().Conflicting).To(BeZero())
		})
	}
}

// A member's user writes control characters into a description, and another member's status
// has it.
func TestStatusOf_TellsNoControlCharactersOfAnotherCluster(t *testing.T) {
	const evil = "one\x1b[2J\u202etwo"
	for name, younger := range map[string]func(*v1alpha1.CommitStatus){
		"in conflict": says("failure", "two", ""),
		"shared":      says("success", "two", ""),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), says("success", evil, "")))
			f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), younger))
			shown := ledgertest.Shows("success")
			shown.Description = evil
			f.Showed(ledgertest.Key, f.Claimed(), shown, true)
			f.G.Expect(f.Published("us").Description).NotTo(ContainSubstring("\x1b"))
			f.G.Expect(f.Published("us")).To(BeNil(), "and that is all there is to say")
		})
	}
}

// A URL can have characters that do not print.
func TestStatusOf_TellsNoURLOfAnotherClusterThatDoesNotPrint(t *testing.T) {
	const evil = "https://ci.example.com/\u202egpj.exe"
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), says("success", "one", evil)))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), says("success", "one", "https://ci.example.com/")))
	shown := ledgertest.Shows("success")
	shown.Description, shown.URL = "one", evil
	f.Showed(ledgertest.Key, f.Claimed(), shown, true)
	f.G.Expect(f.Published("us").URL).NotTo(ContainSubstring("\u202e"))
}
