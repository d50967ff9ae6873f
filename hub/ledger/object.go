package ledger

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// object is one CommitStatus. A fleet has very many, so nothing is kept twice that an object's
// pointers reach.
type object struct {
	cluster    string
	engagement uint64
	source     *v1alpha1.CommitStatus
	repo       *gitRepo
	// problem says why there is no claim; lastClaim is then what was claimed before.
	problem *providers.Error
	// applied is what the hub patched last; nil once the watch has caught up with it.
	applied *applied

	lastClaim
	// placed reports whether the status was read for the place of the last claim, and abandoned
	// are the places that have to be ended before the next one is written.
	placed bool
	// known reports whether an earlier hub may have known the object, and claimed for it what
	// this hub cannot resolve.
	known bool
	// late reports whether the object was first seen after its member was synced, because its
	// namespace could not be listed before.
	late bool
	// fresh reports whether the claim was made after its member was synced, or by a new member,
	// so that no earlier hub can have known it.
	fresh     bool
	abandoned []*abandonment
}

// lastClaim is what an object claimed last. It is the only form in which a claim is kept: claim
// makes a Claim of it, which takes six times the memory, for as long as a decision lasts.
type lastClaim struct {
	// at is the entry of the claim's key, nil where nothing was claimed yet; it may have been
	// dropped since.
	at *entry
	// claimed is the source as the claim was made of it, scm the ScmProvider and repository the
	// path of the repository. A claim that only a status mentions has a source without texts.
	claimed    *v1alpha1.CommitStatus
	scm        *ScmProvider
	repository string
	// created is Claim.CreatedAt in seconds since 1970.
	created int64
	// together is Claim.Together, slot the index among the claimants of at, and recorded
	// says that the status of claimed is about the claim's key.
	together, slot int32
	recorded       bool
	// counted reports whether the index of at contains the claim.
	counted bool
	// served reports whether the claim was counted as shown.
	served bool
}

// applied is a status that the hub patched, and the resource version that came of it;
// events from before that version tell nothing new.
type applied struct {
	status  v1alpha1.CommitStatusStatus
	version string
}

// restores reports whether a source shows that the member's versions went back, as after a
// restore of its etcd: an older version, or the same once more. What was patched before may
// be gone then, and its version must not shadow what the member shows now.
func (o *object) restores(source *v1alpha1.CommitStatus, engagement uint64) bool {
	if o.source == nil || o.engagement != engagement {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(source.ResourceVersion, o.source.ResourceVersion)
	return err == nil && order <= 0
}

// catchUp drops what was patched last once the source is as new.
func (o *object) catchUp() {
	if o.applied != nil && !precedes(o.source.ResourceVersion, o.applied.version) {
		o.applied = nil
	}
}

// id names an object in the fleet.
func (o *object) id() ObjectID {
	return ObjectID{Cluster: o.cluster, Namespace: o.source.Namespace, Name: o.source.Name}
}

// key is that of the last claim, the zero Key where there was none.
func (o *object) key() Key {
	if o.at == nil {
		return Key{}
	}
	return o.at.key()
}

// claim is the last claim, the zero Claim where there was none.
func (o *object) claim() Claim {
	if o.at == nil {
		return Claim{}
	}
	c := Claim{
		Object: o.id(), UID: o.claimed.UID, Generation: o.claimed.Generation,
		Made: o.claimed.CreationTimestamp.Time, CreatedAt: o.createdAt(),
		Key: o.at.key(), Repository: o.repository, Name: o.claimed.Spec.Name, Provider: o.scm.name, Want: wantOf(o.claimed.Spec),
		Together: int(o.together),
	}
	if o.recorded {
		c.record(o.claimed.Status)
	}
	return c
}

// createdAt is Claim.CreatedAt of the last claim.
func (o *object) createdAt() time.Time { return time.Unix(o.created, 0) }

// reported is what the status of the last claim's source reports to be shown at its key.
func (o *object) reported() reportedStatus {
	st := o.claimed.Status
	phase := st.Phase.Canonical()
	if !o.recorded || st.Provider == nil || !phase.Known() {
		return reportedStatus{}
	}
	return reportedStatus{Status: providers.Status{Phase: phase, Description: st.Description, URL: st.URL}, known: true}
}

// takeMentioned makes a claim that the object's status mentions its last one, where it claims
// nothing now.
func (o *object) takeMentioned(claim Claim, at *entry, s *ScmProvider) {
	o.take(claim, at, s)
	o.recorded = false
	o.claimed = &v1alpha1.CommitStatus{ObjectMeta: metav1.ObjectMeta{
		UID: claim.UID, Generation: claim.Generation, CreationTimestamp: metav1.NewTime(claim.Made),
	}}
	o.claimed.Spec.Name = claim.Name
}

// take makes a claim on an entry the object's last one.
func (o *object) take(claim Claim, at *entry, s *ScmProvider) {
	o.at, o.claimed, o.scm, o.repository = at, o.source, s, claim.Repository
	o.created = claim.CreatedAt.Unix()
	o.together, o.recorded = int32(claim.Together), s.tells(o.source.Status, claim.Key)
}
