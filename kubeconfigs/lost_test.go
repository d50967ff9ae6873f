package kubeconfigs

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

func TestMemberCacheLost_TellsAMemberThatLostAllFromOneThatDeletedSome(t *testing.T) {
	// fed is a reflector that held objects, or none, and what a list had of them so long ago.
	type fed struct {
		kind              string
		before, survivors int
		listed, heard     time.Duration
		holds             bool
	}
	const statuses, repos = "CommitStatus", "GitRepo"
	for name, tt := range map[string]struct {
		feeds     []fed
		at        time.Duration // -1 for never
		undecided bool
	}{
		"all of both kinds": {[]fed{{statuses, 3, 0, time.Minute, time.Minute, false}, {repos, 1, 0, 0, 0, false}}, 0, false},
		"all, and new ones came": {
			[]fed{{statuses, 3, 0, time.Minute, time.Minute, true}, {repos, 1, 0, 0, 0, true}}, 0, false,
		},
		"all in both namespaces": {[]fed{
			{statuses, 3, 0, 0, 0, false},
			{repos, 1, 0, 0, 0, false},
			{statuses, 1, 0, 0, 0, false},
			{repos, 1, 0, 0, 0, false},
		}, 0, false},
		"all in one of two namespaces": {[]fed{
			{statuses, 3, 0, 0, 0, false},
			{repos, 1, 0, 0, 0, false},
			{statuses, 1, 1, 0, 0, true},
			{repos, 1, 1, 0, 0, true},
		}, -1, false},
		"some CommitStatuses":                      {[]fed{{statuses, 3, 1, 0, 0, true}, {repos, 1, 1, 0, 0, true}}, -1, false},
		"all CommitStatuses":                       {[]fed{{statuses, 1, 0, time.Minute, time.Minute, false}, {repos, 1, 1, time.Hour, 0, true}}, -1, false},
		"all CommitStatuses, GitRepos to be heard": {[]fed{{statuses, 1, 0, 0, 0, false}, {repos, 1, 1, time.Hour, time.Minute, true}}, -1, true},
		"all long ago":                             {[]fed{{statuses, 3, 0, time.Hour, time.Hour, false}, {repos, 1, 0, time.Hour, time.Hour, false}}, time.Hour, false},
		"all CommitStatuses long ago, GitRepos to be heard": {
			[]fed{{statuses, 1, 0, time.Hour, time.Hour, false}, {repos, 1, 1, 2 * time.Hour, 90 * time.Minute, true}}, -1, true,
		},
		"all, but at other times":          {[]fed{{statuses, 3, 0, 0, 0, false}, {repos, 1, 0, time.Hour, 0, false}}, -1, false},
		"nothing, since there was nothing": {[]fed{{statuses, 0, 0, 0, 0, false}, {repos, 0, 0, 0, 0, false}}, -1, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			clk := clocktesting.NewFakeClock(noon)
			c := &memberCache{}
			into := newInformer(&v1alpha1.GitRepo{})
			for _, each := range tt.feeds {
				f := &reflector{into: into, limiter: limited(newInformer(&v1alpha1.GitRepo{}), 10), objects: reading(each.kind), progress: newProgress(clk, lagLimit, func() {})}
				clk.SetTime(noon.Add(-each.listed))
				f.replaced(each.before, each.survivors)
				clk.SetTime(noon.Add(-each.heard))
				f.came("7", true)
				if each.holds {
					_, _ = f.limiter.admit(repo("a", "1"), true, 0)
				}
				into.reflectors = append(into.reflectors, f)
			}
			c.informers = map[schema.GroupVersionKind]*informer{{}: into}
			clk.SetTime(noon)
			at, doubtAt := c.lost()
			g.Expect(!doubtAt.IsZero()).To(Equal(tt.undecided))
			if tt.at < 0 {
				g.Expect(at).To(BeZero())
			} else {
				g.Expect(at).To(Equal(noon.Add(-tt.at)))
			}
		})
	}
}

func TestFeedFill_CountsWhatSurvivesAList(t *testing.T) {
	other := repo("a", "9")
	other.UID = "another"
	for name, tt := range map[string]struct {
		second []*v1alpha1.GitRepo
		lost   bool
	}{
		"the same":                      {[]*v1alpha1.GitRepo{repo("a", "1")}, false},
		"nothing":                       {nil, true},
		"others":                        {[]*v1alpha1.GitRepo{repo("c", "9")}, true},
		"one by the name of one before": {[]*v1alpha1.GitRepo{other}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{lists: [][]*v1alpha1.GitRepo{{repo("a", "1"), repo("b", "1")}, tt.second}}
			s.watches = append(s.watches, refused(apierrors.NewResourceExpired("compacted")))
			_, f := s.feed(t, 10)
			NewWithT(t).Expect(f.loss().lostAt.IsZero()).To(Equal(!tt.lost))
		})
	}
}

// Of a member of two namespaces whose CRDs were made anew, the lists come one after the other.
func TestMemberCacheLost_WaitsForEveryCommitStatusList(t *testing.T) {
	g := NewWithT(t)
	clk := clocktesting.NewFakeClock(noon)
	into := newInformer(&v1alpha1.GitRepo{})
	add := func(kind string, lost bool) {
		f := &reflector{into: into, limiter: limited(newInformer(&v1alpha1.GitRepo{}), 10), objects: reading(kind), progress: newProgress(clk, lagLimit, func() {})}
		if lost {
			clk.SetTime(noon)
			f.replaced(1, 0)
		} else {
			clk.SetTime(noon.Add(-time.Minute))
			f.replaced(1, 1)
			_, _ = f.limiter.admit(repo("a", "1"), true, 0)
		}
		f.came("7", true)
		into.reflectors = append(into.reflectors, f)
	}
	add("CommitStatus", true)  // namespace a
	add("GitRepo", true)       // namespace a
	add("CommitStatus", false) // namespace b: waits before its next list
	add("GitRepo", true)       // namespace b
	c := &memberCache{informers: map[schema.GroupVersionKind]*informer{commitStatus: into}}
	at, doubtAt := c.lost()
	g.Expect(at).To(BeZero())
	g.Expect(doubtAt).To(Equal(noon), "what namespace b lost is to be heard yet")
}

// The list that finds that the GitRepos are lost, too, may fail for long.
func TestMemberCacheLost_ComparesLossesByWhenTheyMayHaveBeen(t *testing.T) {
	for name, tt := range map[string]struct {
		heard time.Duration // how long before the CommitStatuses were lost the GitRepos were heard last
		lost  bool
	}{
		"not heard in between":    {time.Second, true},
		"heard until a while ago": {-time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			clk := clocktesting.NewFakeClock(noon)
			into := newInformer(&v1alpha1.GitRepo{})
			add := func(kind string) *reflector {
				f := &reflector{into: into, limiter: limited(newInformer(&v1alpha1.GitRepo{}), 10), objects: reading(kind), progress: newProgress(clk, lagLimit, func() {})}
				into.reflectors = append(into.reflectors, f)
				return f
			}
			statuses, repos := add("CommitStatus"), add("GitRepo")
			clk.SetTime(noon.Add(-tt.heard))
			repos.came("7", true)
			clk.SetTime(noon)
			statuses.replaced(1, 0)
			clk.SetTime(noon.Add(2 * time.Hour))
			repos.replaced(1, 0)
			c := &memberCache{informers: map[schema.GroupVersionKind]*informer{commitStatus: into}}
			at, doubtAt := c.lost()
			g.Expect(doubtAt).To(BeZero())
			g.Expect(!at.IsZero()).To(Equal(tt.lost))
		})
	}
}
