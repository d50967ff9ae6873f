package kubeconfigs

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// mute is a watch that brings events, and then nothing more for as long as it is open. then
// is called when it has.
func mute(then func(), events ...string) func(context.Context) (io.ReadCloser, error) {
	return func(ctx context.Context) (io.ReadCloser, error) {
		out, in := io.Pipe()
		go func() {
			for _, e := range events {
				_, _ = io.WriteString(in, e+"\n")
			}
			then()
			<-ctx.Done()
			_ = in.CloseWithError(ctx.Err())
		}()
		return out, nil
	}
}

func TestProgressCompare_OpensAWatchAnewThatIsBehind(t *testing.T) {
	g := NewWithT(t)
	clk := clocktesting.NewFakeClock(time.Now())
	s := &script{lists: [][]*v1alpha1.GitRepo{{repo("a", "1")}}}
	behind := func() {
		g.Eventually(s.f.reached).Should(Equal("7"))
		for range lagChecks + 1 {
			s.f.compare("7", "9")
			clk.Step(lagLimit / lagChecks)
		}
	}
	s.watches = append(s.watches, mute(behind, happening(t, "MODIFIED", of(repo("a", "7")))), body(happening(t, "ADDED", of(repo("b", "9")))))
	s.progress = newProgress(clk, lagLimit, func() {})
	i, _ := s.feed(t, 10)
	g.Expect(s.from).To(Equal([]string{"1", "7", "9"}), "the versions that watches begin at")
	g.Expect(s.listed).To(Equal(1))
	g.Expect(i.kept()).To(ConsistOf("a7", "b9"))
}

func TestProgressCompare_ListsAMemberAnewThatWasRestored(t *testing.T) {
	g := NewWithT(t)
	s := &script{lists: [][]*v1alpha1.GitRepo{{repo("a", "7"), repo("b", "8")}, {repo("a", "2"), repo("b", "8")}}}
	restored := func() {
		g.Eventually(s.f.reached).Should(Equal("637"))
		s.f.compare("637", "221")
	}
	s.watches = append(s.watches, mute(restored, happening(t, "ADDED", of(repo("c", "637")))))
	s.progress = newProgress(clocktesting.NewFakeClock(time.Now()), lagLimit, func() {})
	var heard told
	s.handler = heard.handler()
	i, _ := s.feed(t, 10)
	g.Expect(s.listed).To(Equal(2))
	g.Expect(s.paused.Load()).To(BeEquivalentTo(1), "at the end alone")
	g.Expect(i.kept()).To(ConsistOf("a2", "b8"), "objects of before the restore")
	g.Expect([]string(heard)).To(ContainElements("update a7 a2", "update b8 b8", "delete unknown team/c"),
		"what has the same version may be another state")
}

func TestFeedRelist_ListsAnewAtOnceWhereAListFindsTheRestore(t *testing.T) {
	g := NewWithT(t)
	s := &script{lists: [][]*v1alpha1.GitRepo{{repo("a", "7")}, {repo("a", "2")}}}
	gone := happening(t, "ERROR", apierrors.NewResourceExpired("compacted").Status())
	s.watches = append(s.watches, body(happening(t, "ADDED", of(repo("c", "637"))), gone))
	i, _ := s.feed(t, 10)
	g.Expect(s.from).To(Equal([]string{"1", "3"}), "the versions that watches begin at")
	g.Expect(i.kept()).To(ConsistOf("a2"))
	g.Expect(s.paused.Load()).To(BeEquivalentTo(2), "after the watch that failed, and at the end")
}

func TestFeedTake_IgnoresEventsThatAListHasOvertaken(t *testing.T) {
	g := NewWithT(t)
	s := &script{lists: [][]*v1alpha1.GitRepo{{repo("a", "9")}}}
	s.watches = append(s.watches, body(happening(t, "MODIFIED", of(repo("a", "5"))), happening(t, "DELETED", of(repo("a", "6")))))
	i, _ := s.feed(t, 10)
	g.Expect(i.kept()).To(ConsistOf("a9"))
}

func TestFeedAllowed_WaitsWhileTheNamespaceIsForbidden(t *testing.T) {
	g := NewWithT(t)
	s := &script{lists: [][]*v1alpha1.GitRepo{{repo("a", "1")}}}
	s.progress = newProgress(clocktesting.NewFakeClock(time.Now()), lagLimit, func() {})
	s.progress.hold(true)
	s.begun = func(f *reflector) {
		<-f.into.Done() // nobody waits for it
		f.hold(false)
	}
	var initial told
	s.handler = initial.handler()
	i, _ := s.feed(t, 10)
	g.Expect(i.kept()).To(ConsistOf("a1"))
	g.Expect(initial).To(Equal(told{"add a1 true"}), "it may be as old as any")
}

func TestProgressAdd_TellsWhatIsNotServed(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: gitRepos}, "", errors.New("no Role"))
	behind := lag{target: "9", reopenedAt: time.Unix(1, 0)}
	for name, tt := range map[string]struct {
		progress *progress
		state    State
		reason   string
	}{
		"nothing":                          {&progress{listed: true}, "", ""},
		"a first list that is not done":    {&progress{}, Connecting, ReasonListing},
		"a first list that failed once":    {&progress{failures: 1, failure: errTooLarge}, Connecting, ReasonListing},
		"lists that fail":                  {&progress{listed: true, failures: 2, failure: errTooLarge}, Unreachable, ReasonListFailed},
		"a list without an end":            {&progress{failures: 1, failure: errListEnded}, Unreachable, ReasonListFailed},
		"a watch that is behind":           {&progress{listed: true, lag: behind}, Unreachable, ReasonWatchBehind},
		"a namespace that is forbidden":    {&progress{held: true}, "", ReasonNamespacesForbidden},
		"one that has been since just now": {&progress{listed: true, failures: 1, failure: forbidden}, "", ReasonNamespacesForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var s service
			(&progress{listed: true}).add(&s, "team-b")
			tt.progress.add(&s, "team-a")
			health, missing := s.health()
			s.limit(&health)
			g.Expect(missing).To(Equal(tt.state != ""))
			g.Expect(health).To(haveState(tt.state, tt.reason))
			if tt.reason == ReasonNamespacesForbidden {
				g.Expect(health.Message).To(And(ContainSubstring("team-a"), Not(ContainSubstring("team-b"))))
			}
		})
	}
}

func TestProviderBehind_GoesByWhatTellsThatNothingIsOutstanding(t *testing.T) {
	clk := clocktesting.NewFakeClock(noon)
	ago := func(f *reflector, seconds int, do func(*reflector)) {
		clk.SetTime(noon.Add(-time.Duration(seconds) * time.Second))
		do(f)
		clk.SetTime(noon)
	}
	listed := func(f *reflector) { f.beginList(); f.endList("7", false, nil) }
	bookmark := func(f *reflector) { f.came("8", true) }
	event := func(f *reflector) { f.came("9", false) }
	for name, tt := range map[string]struct {
		feed   func(*reflector)
		behind bool
	}{
		"a list since":           {func(f *reflector) { ago(f, 30, listed) }, false},
		"a list before":          {func(f *reflector) { ago(f, 90, listed) }, true},
		"a list that took long":  {func(f *reflector) { ago(f, 90, (*reflector).beginList); f.endList("7", false, nil) }, true},
		"a bookmark since":       {func(f *reflector) { ago(f, 90, listed); ago(f, 30, bookmark) }, false},
		"events alone":           {func(f *reflector) { ago(f, 90, listed); ago(f, 30, event) }, true},
		"a list that failed":     {func(f *reflector) { ago(f, 90, listed); f.beginList(); f.endList("", false, errListEnded) }, true},
		"nothing yet":            {func(*reflector) {}, true},
		"a bookmark before that": {func(f *reflector) { ago(f, 300, listed); ago(f, 90, bookmark) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			into := newInformer(&v1alpha1.CommitStatus{})
			add := func(kind, namespace string) *reflector {
				o := reading(kind)
				o.namespace = namespace
				f := &reflector{into: into, objects: o, progress: newProgress(clk, lagLimit, func() {})}
				into.reflectors = append(into.reflectors, f)
				return f
			}
			tt.feed(add("CommitStatus", "team-a"))
			add("GitRepo", "team-a")
			add("CommitStatus", "team-b") // never listed
			m := &member{current: &engagement{cache: &memberCache{informers: map[schema.GroupVersionKind]*informer{commitStatus: into}}}}
			p := &Provider{options: Options{Clock: clk}, members: map[multicluster.ClusterName]*member{"eu": m, "us": {}}}
			g.Expect(p.Behind("eu", "team-a", time.Minute)).To(Equal(tt.behind))
			g.Expect(p.Behind("eu", "team-b", time.Minute)).To(BeTrue())
			g.Expect(p.Behind("us", "team-a", time.Minute)).To(BeFalse(), "what is not engaged brings nothing")
			g.Expect(p.Behind("nobody", "team-a", time.Minute)).To(BeFalse())
		})
	}
}
