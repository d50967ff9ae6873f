package ledger

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// joining are circumstances in which claims that claimBy makes are aggregated.
var joining = fixedFleet{aggregate: []string{""}}

// claimsFor makes a claim for each phase of a list, in the order of their age.
func claimsFor(phases string) claimList {
	var out claimList
	for i, phase := range strings.Fields(phases) {
		c := claimBy(fmt.Sprintf("c%d", i), "x", int64(i), v1alpha1.Phase(phase))
		c.Want.Description, c.Want.URL = "mine", fmt.Sprintf("https://ci.example.com/%d", i)
		out = append(out, c)
	}
	return out
}

func TestTheWorstPhaseOfAllClaimsIsShown(t *testing.T) {
	for phases, want := range map[string]providers.Status{
		// Failure is the worst, whatever else there is.
		"success failure":                 {Phase: "failure", Description: "1 of 2 failed", URL: "1"},
		"in_progress failure failure":     {Phase: "failure", Description: "2 of 3 failed", URL: "1"},
		"queued canceled failure success": {Phase: "failure", Description: "1 of 4 failed", URL: "2"},
		"failure failure":                 {Phase: "failure", Description: "all 2 failed", URL: "0"},
		// Then in_progress.
		"success in_progress":            {Phase: "in_progress", Description: "1 of 2 in progress", URL: "1"},
		"queued in_progress in_progress": {Phase: "in_progress", Description: "2 of 3 in progress", URL: "1"},
		"canceled in_progress queued":    {Phase: "in_progress", Description: "1 of 3 in progress", URL: "1"},
		"in_progress in_progress":        {Phase: "in_progress", Description: "all 2 in progress", URL: "0"},
		// Then queued, but not where others are done.
		"queued queued":                   {Phase: "queued", Description: "all 2 queued", URL: "0"},
		"success queued":                  {Phase: "in_progress", Description: "1 of 2 done", URL: "1"},
		"canceled queued":                 {Phase: "in_progress", Description: "1 of 2 done", URL: "1"},
		"success canceled success queued": {Phase: "in_progress", Description: "3 of 4 done", URL: "3"},
		// Then canceled.
		"success canceled":  {Phase: "canceled", Description: "1 of 2 canceled", URL: "1"},
		"canceled canceled": {Phase: "canceled", Description: "all 2 canceled", URL: "0"},
		// Then success.
		"success success success": {Phase: "success", Description: "all 3 succeeded", URL: "0"},
		// One claim is shown as it is.
		"failure": {Phase: "failure", Description: "mine", URL: "0"},
		"success": {Phase: "success", Description: "mine", URL: "0"},
		"queued":  {Phase: "queued", Description: "mine", URL: "0"},
	} {
		t.Run(phases, func(t *testing.T) {
			g := NewWithT(t)
			want.URL = "https://ci.example.com/" + want.URL
			v := arbitrate(claimsFor(phases), joining)
			g.Expect(v.Want).To(Equal(want))
			g.Expect(v.Owner.Object.Cluster).To(Equal("c0"), "the oldest, whatever it wants")
			g.Expect(v.Joined != nil).To(Equal(strings.Contains(phases, " ")))
		})
	}
}

func TestThreeOfFiftyFailed(t *testing.T) {
	g := NewWithT(t)
	v := arbitrate(claimsFor(strings.Repeat("failure ", 3)+strings.Repeat("success ", 47)), joining)
	g.Expect(v.Want.Description).To(Equal("3 of 50 failed"))
}

func TestTheURLIsOfTheOldestOfTheWorstThatHasOne(t *testing.T) {
	for name, c := range map[string]struct {
		without []int
		url     string
	}{
		"the oldest of the worst": {nil, "https://ci.example.com/1"},
		"the next that has one":   {[]int{1}, "https://ci.example.com/3"},
		"none of the better ones": {[]int{1, 3}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			claims := claimsFor("success failure success failure")
			for _, i := range c.without {
				claims[i].Want.URL = ""
			}
			g.Expect(arbitrate(claims, joining).Want.URL).To(Equal(c.url))
		})
	}
}

func TestTheOldestClaimsScmProviderSaysHowConflictsEnd(t *testing.T) {
	g := NewWithT(t)
	claims := claimsFor("success failure")
	claims[0].Provider, claims[1].Provider = "one", "all"
	g.Expect(arbitrate(claims, fixedFleet{aggregate: []string{"all"}}).Want.Phase).To(Equal(v1alpha1.PhaseSuccess))
	g.Expect(arbitrate(claims, fixedFleet{aggregate: []string{"one"}}).Want.Phase).To(Equal(v1alpha1.PhaseFailure))
}

func TestTheCauseIsNamedByAge(t *testing.T) {
	for phases, cause := range map[string]string{
		"success failure": "c1/team-a/x",
		"failure success in_progress failure failure":     "c0/team-a/x, c3/team-a/x, c4/team-a/x",
		"failure failure success failure failure failure": "c0/team-a/x, c1/team-a/x, c3/team-a/x and 2 more",
		"queued success queued":                           "c0/team-a/x, c2/team-a/x",
		"success success":                                 "",
		"failure failure failure failure failure failure": "",
	} {
		t.Run(phases, func(t *testing.T) {
			g := NewWithT(t)
			claims := claimsFor(phases)
			rand.Shuffle(len(claims), func(i, j int) { claims[i], claims[j] = claims[j], claims[i] })
			g.Expect(arbitrate(claims, joining).Joined.cause()).To(Equal(cause))
		})
	}
}

func TestADescriptionThatCountsIsKnownAgain(t *testing.T) {
	g := NewWithT(t)
	for description, n := range map[string]int{
		"3 of 50 failed": 50, "2 of 5 in progress": 5, "3 of 5 done": 5, "all 12 succeeded": 12, "all 2 queued": 2, "1 of 7 canceled": 7,
		"": 0, "Hydrated 12 apps": 0, "3 of 50 tests failed": 0, "about 3 of 50 failed": 0, "3 of 50 failed\n": 0, "1 of 99999999999999999999 failed": 0,
	} {
		g.Expect(countIn(description)).To(Equal(n), description)
	}
}

// While others are unsynced, what statuses record stays unless it gets worse.
func TestWhatTheMissingMayForbidWaitsForThem(t *testing.T) {
	for name, c := range map[string]struct {
		// recorded is what the claimants' statuses tell, in order; "" tells nothing.
		recorded []string
		phases   string
		silent   string
		wait     bool
	}{
		"it gets better":                     {[]string{"failure: 2 of 3 failed", "failure: 2 of 3 failed"}, "success success", "us", true},
		"it gets worse":                      {[]string{"in_progress: all 3 in progress", "in_progress: all 3 in progress"}, "failure in_progress", "us", false},
		"it stays as bad":                    {[]string{"failure: 1 of 3 failed", "failure: 1 of 3 failed"}, "failure success", "us", true},
		"success was shown, it is queued":    {[]string{"success: all 3 succeeded", "success: all 3 succeeded"}, "queued queued", "us", false},
		"nobody is unheard":                  {[]string{"failure: 2 of 3 failed", "failure: 2 of 3 failed"}, "success success", "", false},
		"all that were counted are here":     {[]string{"failure: 1 of 2 failed", "failure: 1 of 2 failed"}, "success success", "us", false},
		"who is new stands in for nobody":    {[]string{"failure: 1 of 2 failed", ""}, "success success", "us", true},
		"one is left of two":                 {[]string{"failure: 1 of 2 failed"}, "success", "us", true},
		"a key of one":                       {[]string{"failure: mine"}, "success", "us", false},
		"a key that no status knows":         {[]string{"", ""}, "success success", "us", false},
		"statuses that disagree":             {[]string{"success: all 3 succeeded", "failure: 1 of 3 failed"}, "in_progress success", "us", true},
		"an owner that is recorded":          {[]string{"failure: mine by us/team-a/x"}, "success", "us", true},
		"an owner that is recorded, worse":   {[]string{"queued: mine by us/team-a/x"}, "failure", "us", false},
		"an owner that is recorded and here": {[]string{"failure: mine by eu/team-a/x"}, "success", "us", false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			claims := claimsFor(c.phases)
			for i, text := range c.recorded {
				text, owner, _ := strings.Cut(text, " by ")
				phase, description, _ := strings.Cut(text, ": ")
				claims[i].record(v1alpha1.CommitStatusStatus{Phase: v1alpha1.Phase(phase), Owner: owner})
				claims[i].Together = countIn(description)
			}
			now := joining
			if c.silent != "" {
				now.silent = []string{c.silent}
			}
			want := ""
			if c.wait {
				want = c.silent
			}
			g.Expect(arbitrate(claims, now).WaitFor).To(Equal(want))
		})
	}
}

// anyClaims draws claims of different clusters, and so of different age or name.
func anyClaims(t *rapid.T, atLeast int) claimList {
	n := rapid.IntRange(atLeast, 8).Draw(t, "claims")
	out := make([]Claim, 0, n)
	for i := range n {
		c := claimBy(fmt.Sprintf("c%d", i), "x", rapid.Int64Range(0, 3).Draw(t, "age"), anyPhase(t))
		c.Want.Description = rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "description")
		c.Want.URL = rapid.SampledFrom([]string{"", "https://a", "https://b"}).Draw(t, "url")
		out = append(out, c)
	}
	return out
}

func anyPhase(t *rapid.T) v1alpha1.Phase {
	return rapid.SampledFrom([]v1alpha1.Phase{"queued", "in_progress", "success", "failure", "canceled"}).Draw(t, "phase")
}

func TestTheOrderOfClaimsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claims := anyClaims(t, 1)
		before := arbitrate(claims, joining)
		NewWithT(t).Expect(arbitrate(rapid.Permutation(claims).Draw(t, "order"), joining)).To(Equal(before))
	})
}

func TestAnotherFailureNeverMakesItBetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := NewWithT(t)
		claims := anyClaims(t, 1)
		claims = append(claims, claimBy("new", "x", rapid.Int64Range(0, 3).Draw(t, "age"), "failure"))
		g.Expect(arbitrate(claims, joining).Want.Phase).To(Equal(v1alpha1.PhaseFailure))
	})
}

// The one exception is the last one done that is queued again: then nothing has begun.
func TestAClaimThatGetsWorseNeverMakesItBetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := NewWithT(t)
		claims := anyClaims(t, 1)
		before := arbitrate(claims, joining).Want.Phase
		one := &claims[rapid.IntRange(0, len(claims)-1).Draw(t, "one")].Want
		if phase := anyPhase(t); worse(phase, one.Phase) && phase != v1alpha1.PhaseQueued {
			one.Phase = phase
			g.Expect(worse(before, arbitrate(claims, joining).Want.Phase)).To(BeFalse())
		}
	})
}

func TestTheLastClaimIsShownAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := NewWithT(t)
		claims := anyClaims(t, 2)
		last := claims[rapid.IntRange(0, len(claims)-1).Draw(t, "last")]
		g.Expect(arbitrate(claimList{last}, joining)).To(Equal(Verdict{Owner: last, Want: last.Want}))
	})
}

func TestEveryCountIsKnownAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claims := anyClaims(t, 2)
		NewWithT(t).Expect(countIn(arbitrate(claims, joining).Want.Description)).To(Equal(len(claims)))
	})
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

func TestThePolicyIsReadFromTheScmProvider(t *testing.T) {
	for policy, want := range map[v1alpha1.ConflictPolicy]bool{"": false, v1alpha1.ConflictOldest: false, v1alpha1.ConflictAggregate: true} {
		g := NewWithT(t)
		spec := v1alpha1.ScmProviderSpec{GitHub: &v1alpha1.GitHubSpec{}, ConflictPolicy: policy}
		s := CompileScmProvider(providers.NewRegistry(fakeKind{}), &v1alpha1.ScmProvider{Spec: spec}, map[string][]byte{})
		g.Expect(s.Problem).NotTo(HaveOccurred())
		g.Expect(s.aggregate).To(Equal(want), string(policy))
	}
}
