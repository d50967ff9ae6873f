package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// joinsAt engages a cluster whose Secret was made so many seconds after 1970, and tells its
// GitRepo.
func (f *fleet) joinsAt(cluster string, sec int64) {
	at := time.Time{}
	if sec > 0 {
		at = time.Unix(sec, 0)
	}
	f.token[cluster] = f.Engage(cluster, at)
	f.SetRepo(cluster, f.token[cluster], types.NamespacedName{Namespace: "team-a", Name: "shop"}, testRepo())
}

// shows has a cluster show CommitStatuses just as they are.
func (f *fleet) shows(cluster string, objects ...*v1alpha1.CommitStatus) Changes {
	var out Changes
	for _, o := range objects {
		out.add(f.SetObject(cluster, f.token[cluster], o))
	}
	return out
}

func (f *fleet) sharedWith(cluster string) [2][]string {
	older, younger := f.SharedWith(cluster)
	return [2][]string{older, younger}
}

// owners are the clusters whose claims count on a key.
func (f *fleet) owners(key Key) []string {
	var out []string
	if e := f.entryOf(key); e != nil {
		for _, o := range e.claims {
			out = append(out, o.cluster)
		}
	}
	return out
}

func called(name string) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.Name = name }
}

func withUID(uid types.UID) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.UID = uid }
}

func TestLedgerSharedObject_CountsForTheOlderSecretWhateverComesFirst(t *testing.T) {
	for name, tell := range map[string]func(*fleet){
		"the older one first": func(f *fleet) {
			f.shows("zone", testStatus())
			f.Synced("zone", f.token["zone"])
			f.shows("eu", testStatus())
			f.Synced("eu", f.token["eu"])
		},
		"the younger one first": func(f *fleet) {
			f.shows("eu", testStatus())
			f.Synced("eu", f.token["eu"])
			f.shows("zone", testStatus())
			f.Synced("zone", f.token["zone"])
		},
		"both in turns": func(f *fleet) {
			f.shows("eu", testStatus())
			f.shows("zone", testStatus())
			f.Synced("eu", f.token["eu"])
			f.shows("eu", testStatus())
			f.Synced("zone", f.token["zone"])
		},
		"another name in each": func(f *fleet) {
			f.shows("eu", testStatus(called("another")))
			f.Synced("eu", f.token["eu"])
			f.shows("zone", testStatus())
			f.Synced("zone", f.token["zone"])
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.joinsAt("eu", 2000)
			f.joinsAt("zone", 1000)
			tell(f)
			f.g.Expect(f.owners(testKey)).To(Equal([]string{"zone"}))
			f.g.Expect(f.job().Verdict.Owner.Object.Cluster).To(Equal("zone"))
			for id := range f.Ledger.members["eu"].objects {
				_, ok := f.Patch(ObjectID{Cluster: "eu", Namespace: id.Namespace, Name: id.Name})
				f.g.Expect(ok).To(BeFalse(), "two would patch one status in turns for ever")
			}
			f.g.Expect(f.sharedWith("eu")).To(Equal([2][]string{{"zone"}, nil}))
			f.g.Expect(f.sharedWith("zone")).To(Equal([2][]string{nil, {"eu"}}))
		})
	}
}

func TestLedgerSharedObject_TouchesNothingElseOfEitherMember(t *testing.T) {
	for name, joined := range map[string]int64{"the liar is older": 1000, "the liar is younger": 3000, "the liar joined in the same second": 2000} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.joinsAt("eu", 2000)
			f.joinsAt("a-liar", joined)
			other, deploy := testKey, testStatus(called("deploy"), withUID("uid-2"))
			other.Name, deploy.Spec.Name = "deploy", "deploy"
			f.shows("eu", testStatus(), deploy)
			f.Synced("eu", f.token["eu"])
			own, mine := testKey, testStatus(called("own"), withUID("uid-3"))
			own.Name, mine.Spec.Name = "own", "own"
			f.shows("a-liar", testStatus(on(movedSHA)), mine)
			f.Synced("a-liar", f.token["a-liar"])
			f.g.Expect(f.owners(other)).To(Equal([]string{"eu"}))
			f.g.Expect(f.owners(own)).To(Equal([]string{"a-liar"}))
			f.g.Expect(f.unsynced("eu", testKey)).To(BeFalse())
			_, ok := f.Patch(ObjectID{Cluster: "eu", Namespace: "team-a", Name: "deploy"})
			f.g.Expect(ok).To(BeFalse(), "nothing is written there yet")
			_, _, ok = f.Job(other)
			f.g.Expect(ok).To(BeTrue())
		})
	}
}

func TestLedgerSharedObject_CountsForTheHubsOwnClusterFirst(t *testing.T) {
	f := newFleet(t)
	for cluster, sec := range map[string]int64{"a": 0, "local": 0, "eu": 1} {
		f.joinsAt(cluster, sec)
		f.shows(cluster, testStatus())
		f.Synced(cluster, f.token[cluster])
	}
	f.g.Expect(f.owners(testKey)).To(Equal([]string{"local"}))
}

func TestLedgerSharedObject_WaitsForNoMemberThatIsNeverHeard(t *testing.T) {
	f := newFleet(t)
	f.joinsAt("eu", 2000)
	f.shows("eu", testStatus())
	f.Synced("eu", f.token["eu"])
	f.joinsAt("stuck", 1000)
	f.shows("stuck", testStatus(on(movedSHA)))
	f.g.Expect(f.owners(testKey)).To(Equal([]string{"eu"}), "what does not count yet leaves nothing out")
	f.Synced("stuck", f.token["stuck"])
	f.g.Expect(f.owners(testKey)).To(BeEmpty())
}

func TestLedgerSharedObject_FollowsTheAgeOfASecretThatWasMadeAnew(t *testing.T) {
	f := newFleet(t)
	for cluster, sec := range map[string]int64{"eu": 1000, "us": 2000} {
		f.joinsAt(cluster, sec)
		f.shows(cluster, testStatus())
		f.Synced(cluster, f.token[cluster])
	}
	f.joinsAt("eu", 3000)
	f.shows("eu", testStatus())
	f.Synced("eu", f.token["eu"])
	f.g.Expect(f.owners(testKey)).To(Equal([]string{"us"}))
}

func TestLedgerSharedObject_TellsOnlyOfChanges(t *testing.T) {
	f := newFleet(t)
	f.joinsAt("eu", 1000)
	f.joinsAt("us", 2000)
	second := testStatus(called("second"), withUID("uid-2"))
	f.g.Expect(f.shows("eu", testStatus(), second).Sharing).To(BeEmpty())
	f.g.Expect(f.shows("us", testStatus()).Sharing).To(ConsistOf("eu", "us"))
	f.g.Expect(f.shows("us", second).Sharing).To(BeEmpty(), "one more")
	gone := func(name string) []string {
		return f.RemoveObject("us", f.token["us"], types.NamespacedName{Namespace: "team-a", Name: name}, Deleted).Sharing
	}
	f.g.Expect(gone("build")).To(BeEmpty())
	f.g.Expect(gone("second")).To(ConsistOf("eu", "us"))
	f.g.Expect(f.sharedWith("us")).To(Equal([2][]string{}))
}

func TestLedgerSharedObject_KeepsNoKeyByItsStatus(t *testing.T) {
	f := newFleet(t)
	f.joinsAt("eu", 1000)
	f.shows("eu", testStatus(wants("in_progress")))
	f.Synced("eu", f.token["eu"])
	f.joinsAt("us", 2000)
	f.Synced("us", f.token["us"])
	copied := testStatus(wants("in_progress"), told(statusWith("in_progress", 7)))
	f.shows("us", copied)
	f.started = time.Time{}
	f.Begin(Predecessor{Led: true})
	f.g.Expect(f.entryOf(testKey).kept).To(BeEmpty())
}

func TestLedgerObjectsOfOneMember_CountEachWhateverTheirUIDs(t *testing.T) {
	f := newFleet(t)
	f.joinsAt("eu", 1000)
	second, other := testStatus(called("second"), on(movedSHA)), movedKey
	f.shows("eu", testStatus(), second)
	f.g.Expect(f.owners(testKey)).To(HaveLen(1))
	f.g.Expect(f.owners(other)).To(HaveLen(1))
	f.g.Expect(f.sharings).To(BeEmpty())
	f.joinsAt("us", 2000)
	f.shows("us", testStatus(), testStatus(called("third")))
	f.g.Expect(f.owners(testKey)).To(Equal([]string{"eu"}))
	f.Disengage("eu", f.token["eu"])
	f.g.Expect(f.owners(testKey)).To(Equal([]string{"us", "us"}))
	f.Disengage("us", f.token["us"])
	f.g.Expect(f.uids).To(BeEmpty())
	f.g.Expect(f.sharers).To(BeEmpty())
	f.g.Expect(f.sharings).To(BeEmpty())
}
