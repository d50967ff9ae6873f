package ledger

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	. "github.com/onsi/gomega"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/statustest"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

func TestStatus(t *testing.T) {
	owner := claimBy("eu", "x", 1, "failure")
	owner.Key, owner.Repository = testKey, "Acme/Shop"
	loser := claimBy("us", "x", 2, "success")
	loser.Key, loser.Repository = testKey, "acme/shop"
	twin := loser
	twin.Want = owner.Want
	verdict := Verdict{Owner: owner, Want: owner.Want}
	shown := shows("failure")
	waits := pending{reason: v1alpha1.ReasonPending, message: "waiting"}
	down := pending{reason: v1alpha1.ReasonUnavailable, message: "github.com does not answer"}
	before := v1alpha1.CommitStatusStatus{Phase: "queued", Repo: "github.com/acme/old", IsSynced: true, Owner: "eu/team-a/x"}

	for name, c := range map[string]struct {
		s      statusInput
		reason string
		synced bool
		owner  string
		phase  v1alpha1.Phase
		repo   string
	}{
		"the owner is synced":                 {statusInput{claim: owner, shown: shown}, v1alpha1.ReasonSynced, true, "", "failure", "github.com/Acme/Shop"},
		"who wants the same too":              {statusInput{claim: twin, shown: shown}, v1alpha1.ReasonSynced, true, "eu/team-a/x", "failure", "github.com/acme/shop"},
		"who wants something else conflicts":  {statusInput{claim: loser, shown: shown}, v1alpha1.ReasonConflict, false, "eu/team-a/x", "failure", "github.com/acme/shop"},
		"a failure":                           {statusInput{claim: owner, failure: providers.Errorf(v1alpha1.ReasonCommitNotFound, "no such commit")}, v1alpha1.ReasonCommitNotFound, false, "", "", "github.com/Acme/Shop"},
		"a failure after something was shown": {statusInput{claim: owner, shown: shows("queued"), failure: providers.Errorf(v1alpha1.ReasonUnavailable, "down")}, v1alpha1.ReasonUnavailable, false, "", "queued", "github.com/Acme/Shop"},
		"a wait":                              {statusInput{claim: owner, shown: shows("queued"), pending: &waits}, v1alpha1.ReasonPending, false, "", "queued", "github.com/Acme/Shop"},
		"a wait of who wants something else":  {statusInput{claim: loser, shown: shows("success"), pending: &waits}, v1alpha1.ReasonPending, false, "eu/team-a/x", "success", "github.com/acme/shop"},
		"an SCM that does not answer":         {statusInput{claim: owner, shown: shows("queued"), pending: &down}, v1alpha1.ReasonUnavailable, false, "", "queued", "github.com/Acme/Shop"},
		"a failure while it waits":            {statusInput{claim: owner, failure: providers.Errorf(v1alpha1.ReasonCommitNotFound, "no such commit"), pending: &waits}, v1alpha1.ReasonCommitNotFound, false, "", "", "github.com/Acme/Shop"},
		"a wait that is over":                 {statusInput{claim: owner, shown: shown, pending: &waits}, v1alpha1.ReasonSynced, true, "", "failure", "github.com/Acme/Shop"},
		"an answer that was lost":             {statusInput{claim: owner, shown: shown, lost: true, pending: &waits}, v1alpha1.ReasonPending, false, "", "failure", "github.com/Acme/Shop"},
		"no claim keeps its place, no owner":  {statusInput{problem: providers.Errorf(v1alpha1.ReasonDenied, "no grant"), before: before}, v1alpha1.ReasonDenied, false, "", "queued", "github.com/acme/old"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			c.s.verdict, c.s.dialect, c.s.generation, c.s.writer = verdict, fakeDialect{}, 3, "acme"
			got, ok := statusOf(c.s, time.Unix(5000, 0))
			g.Expect(ok).To(BeTrue())
			ready := apimeta.FindStatusCondition(got.Conditions, v1alpha1.ConditionReady)
			g.Expect(ready.Reason).To(Equal(c.reason))
			g.Expect(got.IsSynced).To(Equal(c.synced))
			g.Expect(got.Owner).To(Equal(c.owner))
			g.Expect(got.Phase).To(Equal(c.phase))
			g.Expect(got.Repo).To(Equal(c.repo))
			statustest.ExpectInvariants(g, got, 3)
		})
	}
}

func TestStatusOf_HasNoConditionOfOthers(t *testing.T) {
	owner := claimBy("eu", "x", 1, "success")
	owner.Key = testKey
	theirs := v1alpha1.CommitStatusStatus{Conditions: []metav1.Condition{{Type: "Theirs"}, {Type: v1alpha1.ConditionReady}, {Type: "Ready2"}}}
	for name, s := range map[string]statusInput{
		"a claim": {claim: owner, verdict: Verdict{Owner: owner, Want: owner.Want}, shown: shows("success"), dialect: fakeDialect{}, before: theirs},
		"none":    {problem: providers.Errorf(v1alpha1.ReasonDenied, "no grant"), before: theirs},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			got, ok := statusOf(s, time.Unix(5000, 0))
			g.Expect(ok).To(BeTrue())
			statustest.ExpectInvariants(g, got, 0)
		})
	}
}

func TestTheOldStatusStaysUntilTheSCMShowsTheNew(t *testing.T) {
	owner := claimBy("eu", "x", 1, "success")
	owner.Key = testKey
	_, ok := statusOf(statusInput{claim: owner, verdict: Verdict{Owner: owner, Want: owner.Want}, shown: shows("queued"), dialect: fakeDialect{}}, time.Now())
	NewWithT(t).Expect(ok).To(BeFalse())
}

func TestATransitionKeepsItsTimeWhileReadyDoesNotChange(t *testing.T) {
	g := NewWithT(t)
	owner := claimBy("eu", "x", 1, "success")
	owner.Key = testKey
	s := statusInput{claim: owner, verdict: Verdict{Owner: owner, Want: owner.Want}, shown: shows("success"), dialect: fakeDialect{}}
	first, _ := statusOf(s, time.Unix(5000, 0))
	s.before = first
	second, _ := statusOf(s, time.Unix(9000, 0))
	g.Expect(second).To(Equal(first))
}

func TestAConflictNamesTheOwnerAndBothValues(t *testing.T) {
	g := NewWithT(t)
	owner := claimBy("eu", "x", 1, "failure")
	owner.Key = testKey
	loser := claimBy("us", "x", 2, "success")
	loser.Key = testKey
	got, _ := statusOf(statusInput{claim: loser, verdict: Verdict{Owner: owner, Want: owner.Want}, shown: shows("failure"), dialect: fakeDialect{}}, time.Now())
	g.Expect(got.SyncFailure.Message).To(Equal("github.com shows failure, as eu/team-a/x wants it; here it is success"))
}

func TestStatusOf_NamesAnOwnerInFullAndInPrintableText(t *testing.T) {
	g := NewWithT(t)
	// The longest names that Kubernetes gives a Secret, a namespace and an object: the hub takes
	// no other from a member, see TestPage_LeavesOutWhatKubernetesWouldRefuse of kubeconfigs.
	object := ObjectID{
		Cluster:   strings.Repeat("c", validation.DNS1123SubdomainMaxLength),
		Namespace: strings.Repeat("n", validation.DNS1123LabelMaxLength),
		Name:      strings.Repeat("o", validation.DNS1123SubdomainMaxLength),
	}
	owner := claimBy("eu", "x", 1, "failure")
	owner.Key, owner.Object, owner.Want.Description = testKey, object, "\x1b[2J\u202e"+strings.Repeat("d", 70_000)
	loser := claimBy("us", "x", 2, "success")
	loser.Key = testKey
	shown := providers.Shown{Status: owner.Want}
	for name, verdict := range map[string]Verdict{
		v1alpha1.ReasonConflict:   {Owner: owner, Want: owner.Want},
		v1alpha1.ReasonAggregated: {Owner: owner, Want: owner.Want, Joined: &Joined{}},
		v1alpha1.ReasonDrifted:    {Owner: owner, Want: loser.Want},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := statusInput{claim: loser, verdict: verdict, shown: &shown, dialect: fakeDialect{}, title: "GitHub", drifted: name == v1alpha1.ReasonDrifted}
			got, ok := statusOf(s, time.Unix(5000, 0))
			g.Expect(ok).To(BeTrue())
			g.Expect(got.Owner).To(Equal(object.String()), "in full")
			ready := apimeta.FindStatusCondition(got.Conditions, v1alpha1.ConditionReady)
			g.Expect(ready.Reason).To(Equal(name))
			for _, text := range []string{got.Owner, ready.Message} {
				g.Expect(strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })).To(BeFalse(), "%q", text)
			}
			g.Expect(utf8.RuneCountInString(ready.Message)).To(BeNumerically("<=", 300))
			if got.SyncFailure != nil {
				g.Expect(got.SyncFailure.Message).To(Equal(ready.Message))
			}
		})
	}
	g.Expect(len(object.String())).To(BeNumerically("<", maxOther), "what is kept of a status")
}

func TestStatusOf_ShowsTheCommitOfASpecThatTracksNothingYet(t *testing.T) {
	denied := providers.Errorf(v1alpha1.ReasonDenied, "no grant")
	tracked := v1alpha1.CommitStatusStatus{Repo: "github.com/acme/shop", SHA: strings.Repeat("a", 40), ShortSHA: "aaaaaaa"}
	for name, c := range map[string]struct {
		in   statusInput
		want string
	}{
		"it fails early":        {statusInput{problem: denied, sha: strings.Repeat("B", 40)}, "bbbbbbb"},
		"with a forged one":     {statusInput{problem: denied, sha: strings.Repeat("b", 64), before: v1alpha1.CommitStatusStatus{ShortSHA: "forged"}}, "bbbbbbb"},
		"it tracked another":    {statusInput{problem: denied, sha: strings.Repeat("b", 40), before: tracked}, "aaaaaaa"},
		"it has no full hash":   {statusInput{problem: denied, sha: "main"}, ""},
		"it has no hash at all": {statusInput{problem: denied, sha: strings.Repeat("é", 20)}, ""},
		"it is suspended":       {statusInput{suspended: true, sha: strings.Repeat("b", 40)}, "bbbbbbb"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			got, ok := statusOf(c.in, time.Unix(5000, 0))
			g.Expect(ok).To(BeTrue())
			g.Expect(got.ShortSHA).To(Equal(c.want))
			g.Expect(got.SHA).To(Equal(c.in.before.SHA), "that is the commit that is tracked")
		})
	}
}

func TestStatusOf_IsBounded(t *testing.T) {
	g := NewWithT(t)
	owner := claimBy("eu", "x", 1, "success")
	owner.Key = testKey
	long := strings.Repeat("é", 1<<20)
	huge := providers.Shown{Status: providers.Status{Phase: "success", Description: long, URL: "https://" + long}}
	drift := statusInput{claim: owner, verdict: Verdict{Owner: owner, Want: owner.Want}, shown: &huge, drifted: true, dialect: fakeDialect{}, title: "GitHub"}
	none := statusInput{problem: providers.Errorf(v1alpha1.ReasonDenied, "%s", long), before: v1alpha1.CommitStatusStatus{Owner: long, Repo: long, Name: long, SHA: long, ShortSHA: long, Phase: v1alpha1.Phase(long), ScmProvider: long}}
	for _, s := range []statusInput{drift, none} {
		got, ok := statusOf(s, time.Unix(5000, 0))
		g.Expect(ok).To(BeTrue())
		body, err := json.Marshal(got)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(len(body)).To(BeNumerically("<", 256<<10))
		kept := &v1alpha1.CommitStatus{Status: *got.DeepCopy()}
		Trim(kept)
		g.Expect(kept.Status).To(Equal(got), "the ledger keeps all of it, so it never seems to differ")
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

func TestCommonInput_HasAllThatClaimantsShare(t *testing.T) {
	own := []string{"generation", "before", "problem", "sha", "claim", "moving"}
	// The dialect, the title and whether it is suspended are the ScmProvider's, of which the epoch stands.
	common := []string{"verdict", "shown", "certain", "lost", "failure", "pending", "writer", "updatedAt", "dialect", "title", "drifted", "suspended"}
	var fields []string
	for field := range reflect.TypeFor[statusInput]().Fields() {
		fields = append(fields, field.Name)
	}
	NewWithT(t).Expect(fields).To(ConsistOf(slices.Concat(own, common)), "a new field of statusInput belongs into commonInput, or is the claimant's own")
}
