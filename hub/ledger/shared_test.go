package ledger_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// joinsAt engages a cluster whose Secret was made so many seconds after 1970, and tells its
// GitRepo.
func (f *fleet) joinsAt(cluster string, sec int64) {
	at := time.Time{}
	if sec > 0 {
		at = time.Unix(sec, 0)
	}
	f.Token[cluster] = f.Engage(cluster, at)
	f.SetRepo(cluster, f.Token[cluster], types.NamespacedName{Namespace: "team-a", Name: "shop"}, ledgertest.GitRepo())
}

// shows has a cluster show CommitStatuses just as they are.
func (f *fleet) shows(cluster string, objects ...*v1alpha1.CommitStatus) ledger.Changes {
	var out ledger.Changes
	for _, o := range objects {
		out.Sharing = append(out.Sharing, f.SetObject(cluster, f.Token[cluster], o).Sharing...)
	}
	return out
}

func (f *fleet) sharedWith(cluster string) [2][]string {
	older, younger := f.SharedWith(cluster)
	return [2][]string{older, younger}
}

func called(name string) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.Name = name }
}

func TestLedgerSharedObject_CountsForTheOlderSecretWhateverComesFirst(t *testing.T) {
	for name, tell := range map[string]func(*fleet){
		"the older one first": func(f *fleet) {
			f.shows("zone", ledgertest.CommitStatus())
			f.Synced("zone", f.Token["zone"])
			f.shows("eu", ledgertest.CommitStatus())
			f.Synced("eu", f.Token["eu"])
		},
		"the younger one first": func(f *fleet) {
			f.shows("eu", ledgertest.CommitStatus())
			f.Synced("eu", f.Token["eu"])
			f.shows("zone", ledgertest.CommitStatus())
			f.Synced("zone", f.Token["zone"])
		},
		"both in turns": func(f *fleet) {
			f.shows("eu", ledgertest.CommitStatus())
			f.shows("zone", ledgertest.CommitStatus())
			f.Synced("eu", f.Token["eu"])
			f.shows("eu", ledgertest.CommitStatus())
			f.Synced("zone", f.Token["zone"])
		},
		"another name in each": func(f *fleet) {
			f.shows("eu", ledgertest.CommitStatus(called("another")))
			f.Synced("eu", f.Token["eu"])
			f.shows("zone", ledgertest.CommitStatus())
			f.Synced("zone", f.Token["zone"])
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.joinsAt("eu", 2000)
			f.joinsAt("zone", 1000)
			tell(f)
			f.G.Expect(f.Owners(ledgertest.Key)).To(Equal([]string{"zone"}))
			f.G.Expect(f.Claimed().Verdict.Owner.Object.Cluster).To(Equal("zone"))
			for _, name := range []string{"build", "another"} {
				_, ok := f.Patch(ledger.ObjectID{Cluster: "eu", Namespace: "team-a", Name: name})
				f.G.Expect(ok).To(BeFalse(), "two would patch one status in turns for ever")
			}
			f.G.Expect(f.sharedWith("eu")).To(Equal([2][]string{{"zone"}, nil}))
			f.G.Expect(f.sharedWith("zone")).To(Equal([2][]string{nil, {"eu"}}))
		})
	}
}

func TestLedgerSharedObject_TouchesNothingElseOfEitherMember(t *testing.T) {
	for name, joined := range map[string]int64{"the liar is older": 1000, "the liar is younger": 3000, "the liar joined in the same second": 2000} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.joinsAt("eu", 2000)
			f.joinsAt("a-liar", joined)
			other, deploy := ledgertest.Key, ledgertest.CommitStatus(called("deploy"), ledgertest.WithUID("uid-2"))
			other.Name, deploy.Spec.Name = "deploy", "deploy"
			f.shows("eu", ledgertest.CommitStatus(), deploy)
			f.Synced("eu", f.Token["eu"])
			own, mine := ledgertest.Key, ledgertest.CommitStatus(called("own"), ledgertest.WithUID("uid-3"))
			own.Name, mine.Spec.Name = "own", "own"
			f.shows("a-liar", ledgertest.CommitStatus(ledgertest.On(ledgertest.OtherSHA)), mine)
			f.Synced("a-liar", f.Token["a-liar"])
			f.G.Expect(f.Owners(other)).To(Equal([]string{"eu"}))
			f.G.Expect(f.Owners(own)).To(Equal([]string{"a-liar"}))
			f.G.Expect(f.WaitsFor("eu", ledgertest.Key)).To(BeFalse())
			_, ok := f.Patch(ledger.ObjectID{Cluster: "eu", Namespace: "team-a", Name: "deploy"})
			f.G.Expect(ok).To(BeFalse(), "nothing is written there yet")
			_, _, ok = f.Job(other)
			f.G.Expect(ok).To(BeTrue())
		})
	}
}

func TestLedgerSharedObject_CountsForTheHubsOwnClusterFirst(t *testing.T) {
	f := newFleet(t)
	for cluster, sec := range map[string]int64{"a": 0, "local": 0, "eu": 1} {
		f.joinsAt(cluster, sec)
		f.shows(cluster, ledgertest.CommitStatus())
		f.Synced(cluster, f.Token[cluster])
	}
	f.G.Expect(f.Owners(ledgertest.Key)).To(Equal([]string{"local"}))
}

func TestLedgerSharedObject_WaitsForNoMemberThatIsNeverHeard(t *testing.T) {
	f := newFleet(t)
	f.joinsAt("eu", 2000)
	f.shows("eu", ledgertest.CommitStatus())
	f.Synced("eu", f.Token["eu"])
	f.joinsAt("stuck", 1000)
	f.shows("stuck", ledgertest.CommitStatus(ledgertest.On(ledgertest.OtherSHA)))
	f.G.Expect(f.Owners(ledgertest.Key)).To(Equal([]string{"eu"}), "what does not count yet leaves nothing out")
	f.Synced("stuck", f.Token["stuck"])
	f.G.Expect(f.Owners(ledgertest.Key)).To(BeEmpty())
}

func TestLedgerSharedObject_FollowsTheAgeOfASecretThatWasMadeAnew(t *testing.T) {
	f := newFleet(t)
	for cluster, sec := range map[string]int64{"eu": 1000, "us": 2000} {
		f.joinsAt(cluster, sec)
		f.shows(cluster, ledgertest.CommitStatus())
		f.Synced(cluster, f.Token[cluster])
	}
	f.joinsAt("eu", 3000)
	f.shows("eu", ledgertest.CommitStatus())
	f.Synced("eu", f.Token["eu"])
	f.G.Expect(f.Owners(ledgertest.Key)).To(Equal([]string{"us"}))
}

func TestLedgerSharedObject_TellsOnlyOfChanges(t *testing.T) {
	f := newFleet(t)
	f.joinsAt("eu", 1000)
	f.joinsAt("us", 2000)
	second := ledgertest.CommitStatus(called("second"), ledgertest.WithUID("uid-2"))
	f.G.Expect(f.shows("eu", ledgertest.CommitStatus(), second).Sharing).To(BeEmpty())
	f.G.Expect(f.shows("us", ledgertest.CommitStatus()).Sharing).To(ConsistOf("eu", "us"))
	f.G.Expect(f.shows("us", second).Sharing).To(BeEmpty(), "one more")
	gone := func(name string) []string {
		return f.RemoveObject("us", f.Token["us"], types.NamespacedName{Namespace: "team-a", Name: name}, ledger.Deleted).Sharing
	}
	f.G.Expect(gone("build")).To(BeEmpty())
	f.G.Expect(gone("second")).To(ConsistOf("eu", "us"))
	f.G.Expect(f.sharedWith("us")).To(Equal([2][]string{}))
}

func TestLedgerSharedObject_KeepsNoKeyByItsStatus(t *testing.T) {
	f := newStandby(t)
	f.joinsAt("eu", 1000)
	f.shows("eu", ledgertest.CommitStatus(ledgertest.Wants("in_progress")))
	f.Synced("eu", f.Token["eu"])
	f.joinsAt("us", 2000)
	f.Synced("us", f.Token["us"])
	copied := ledgertest.CommitStatus(ledgertest.Wants("in_progress"), ledgertest.Told(ledgertest.StatusWith("in_progress", 7)))
	f.shows("us", copied)
	f.TakeOver()
	f.G.Expect(f.Keepers(ledgertest.Key)).To(BeZero())
}

func TestLedgerObjectsOfOneMember_CountEachWhateverTheirUIDs(t *testing.T) {
	f := newFleet(t)
	f.joinsAt("eu", 1000)
	second, other := ledgertest.CommitStatus(called("second"), ledgertest.On(ledgertest.OtherSHA)), ledgertest.OtherKey
	f.shows("eu", ledgertest.CommitStatus(), second)
	f.G.Expect(f.Owners(ledgertest.Key)).To(HaveLen(1))
	f.G.Expect(f.Owners(other)).To(HaveLen(1))
	f.G.Expect(f.sharedWith("eu")).To(Equal([2][]string{}))
	f.joinsAt("us", 2000)
	f.shows("us", ledgertest.CommitStatus(), ledgertest.CommitStatus(called("third")))
	f.G.Expect(f.Owners(ledgertest.Key)).To(Equal([]string{"eu"}))
	f.Disengage("eu", f.Token["eu"])
	f.G.Expect(f.Owners(ledgertest.Key)).To(Equal([]string{"us", "us"}))
	f.Disengage("us", f.Token["us"])
	f.Clock.Step(ledger.ReleaseDelay)
	f.Job(ledgertest.Key)
	f.Job(ledgertest.OtherKey)
	f.G.Expect(f.Remembered()).To(BeEmpty())
}
