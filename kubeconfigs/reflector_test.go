package kubeconfigs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// happening is one event of a watch as JSON.
func happening(t *testing.T, kind string, object any) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"type": kind, "object": object})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// of is a GitRepo as an API server writes it.
func of(r *v1alpha1.GitRepo) *v1alpha1.GitRepo {
	r.TypeMeta = metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "GitRepo"}
	return r
}

// script is an API server that answers one list or watch after the other, and then no more.
type script struct {
	// lists are what it has, at versions "1", "2" and so on, the last for good.
	lists   [][]*v1alpha1.GitRepo
	watches []func(context.Context) (io.ReadCloser, error)
	listed  int
	from    []string // which versions a watch was asked from
	// paused and reopened count the waits after a failure, and after a short watch.
	paused, reopened atomic.Int32
	ended            chan struct{}
	// f is the reflector once it begins, which begun is called with. progress is its own where
	// it is set, and handler one of its informer.
	f        *reflector
	begun    func(*reflector)
	progress *progress
	handler  toolscache.ResourceEventHandler
	// before is called before the reflector runs, and omit with each page.
	before func(*reflector)
	omit   func(*wholePage)
}

func (s *script) fetch(_ context.Context, _ metav1.ListOptions) (*wholePage, error) {
	repos := s.lists[min(s.listed, len(s.lists)-1)]
	s.listed++
	list := &wholePage{listHead: listHead{version: string(rune('0' + s.listed))}}
	for _, r := range repos {
		list.objects = append(list.objects, found{object: r.DeepCopy()})
	}
	if s.omit != nil {
		s.omit(list)
	}
	return list, nil
}

func (s *script) open(ctx context.Context, o metav1.ListOptions) (io.ReadCloser, error) {
	s.from = append(s.from, o.ResourceVersion)
	if len(s.watches) == 0 {
		close(s.ended)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	next := s.watches[0]
	s.watches = s.watches[1:]
	return next(ctx)
}

// noOmissions is what a reflector omits, nothing yet.
func noOmissions() *omitted {
	return &omitted{clock: clock.RealClock{}, notify: func() {}}
}

// reflector reflectors by the script until that is at its end.
func (s *script) feed(t *testing.T, limit int) (*informer, *reflector) {
	t.Helper()
	g := NewWithT(t)
	s.ended, s.from, s.listed = make(chan struct{}), nil, 0
	i := newInformer(&v1alpha1.GitRepo{})
	if s.progress == nil {
		s.progress = newProgress(clock.RealClock{}, lagLimit, func() {})
	}
	if s.handler != nil {
		_, err := i.AddEventHandler(s.handler)
		g.Expect(err).NotTo(HaveOccurred())
	}
	f := &reflector{
		lister: listerOf(s.fetch), progress: s.progress, limiter: limited(i, limit), omitted: noOmissions(), into: i, open: s.open, objects: reading("GitRepo"),
		unreadable: &unreadable{doubt: func(error) {}}, clock: clock.RealClock{}, log: logr.Discard(),
		delay: func() time.Duration { s.paused.Add(1); return 0 }, reopenDelay: func() time.Duration { s.reopened.Add(1); return 0 },
	}
	i.addReflector(f)
	s.f = f
	if s.begun != nil {
		go s.begun(f)
	}
	if s.before != nil {
		s.before(f)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.run(ctx)
	}()
	g.Eventually(s.ended).Should(BeClosed())
	cancel()
	g.Eventually(done).Should(BeClosed())
	return i, f
}

// body is a watch that brings events, and then ends.
func body(events ...string) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(strings.Join(events, "\n"))), nil
	}
}

func refused(err error) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return nil, err }
}

func TestAFeedGoesOnWhereAWatchEnded(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	a := []*v1alpha1.GitRepo{repo("a", "1")}
	gone := func(r *v1alpha1.GitRepo) string {
		return happening(t, "ERROR", apierrors.NewResourceExpired("compacted").Status())
	}
	for name, tt := range map[string]struct {
		watches []func(context.Context) (io.ReadCloser, error)
		from    []string
		kept    []string
		lists   int
		pauses  int
	}{
		"after its end": {
			[]func(context.Context) (io.ReadCloser, error){body(happening(t, "ADDED", of(repo("b", "7"))), happening(t, "DELETED", of(repo("a", "8"))))},
			[]string{"1", "8"},
			[]string{"b7"},
			1, 0,
		},
		"after a bookmark": {
			[]func(context.Context) (io.ReadCloser, error){body(happening(t, "BOOKMARK", of(&v1alpha1.GitRepo{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "9"}})))},
			[]string{"1", "9"},
			[]string{"a1"},
			1, 0,
		},
		"after one that was cut off": {
			[]func(context.Context) (io.ReadCloser, error){body(happening(t, "MODIFIED", of(repo("a", "7"))), `{"type":"ADD`)},
			[]string{"1", "7"},
			[]string{"a7"},
			1, 0,
		},
		"where none could be opened, after a while": {
			[]func(context.Context) (io.ReadCloser, error){refused(syscall.ECONNREFUSED), refused(apierrors.NewTooManyRequests("later", 0))},
			[]string{"1", "1", "1"},
			[]string{"a1"},
			1, 2,
		},
		"by a list where that is too long ago": {
			[]func(context.Context) (io.ReadCloser, error){body(happening(t, "MODIFIED", of(repo("a", "2"))), gone(nil))},
			[]string{"1", "2"},
			[]string{"a1"},
			2, 1,
		},
		"by a list where none is opened": {
			[]func(context.Context) (io.ReadCloser, error){refused(apierrors.NewResourceExpired("compacted")), refused(errors.New("broken"))},
			[]string{"1", "2", "3"},
			[]string{"a1"},
			3, 2,
		},
		"by a list where it brings nothing": {
			[]func(context.Context) (io.ReadCloser, error){body()},
			[]string{"1", "2"},
			[]string{"a1"},
			2, 1,
		},
		"by a list where it can't be read": {
			[]func(context.Context) (io.ReadCloser, error){body("nonsense"), body(happening(t, "ADDED", &v1alpha1.CommitStatus{
				TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "CommitStatus"},
			}))},
			[]string{"1", "2", "3"},
			[]string{"a1"},
			3, 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := &script{lists: [][]*v1alpha1.GitRepo{a}, watches: tt.watches}
			i, _ := s.feed(t, 10)
			g.Expect(s.from).To(Equal(tt.from))
			g.Expect(s.listed).To(Equal(tt.lists))
			g.Expect(i.kept()).To(ConsistOf(tt.kept))
			g.Expect(s.paused.Load()).To(BeEquivalentTo(tt.pauses+1), "the last is at the end")
		})
	}
}

func TestAFeedTellsOfWatchesThatCannotBeRead(t *testing.T) {
	g := NewWithT(t)
	s := &script{lists: [][]*v1alpha1.GitRepo{nil}}
	for range unreadableWatches {
		s.watches = append(s.watches, body("nonsense"))
	}
	_, f := s.feed(t, 10)
	g.Expect(f.unreadable.trouble()).To(MatchError(ContainSubstring("reading a watch")))
}

func TestAFeedLetsInWhatTheIntakeDoes(t *testing.T) {
	g := NewWithT(t)
	s := &script{lists: [][]*v1alpha1.GitRepo{{repo("a", "1")}, {repo("a", "1"), repo("b", "7")}}}
	s.watches = append(s.watches, body(happening(t, "ADDED", of(repo("b", "7"))), happening(t, "MODIFIED", of(repo("b", "8")))))
	i, f := s.feed(t, 1)
	g.Expect(i.kept()).To(ConsistOf("a1"), "there is no room for another")
	g.Expect(f.limiter.leftOut()).To(Equal(1))

	s = &script{lists: [][]*v1alpha1.GitRepo{{repo("a", "1")}}}
	s.watches = append(s.watches, func(ctx context.Context) (io.ReadCloser, error) {
		return body(happening(t, "ADDED", of(repo("b", "7"))))(ctx)
	})
	i, _ = s.feed(t, 2)
	g.Expect(i.kept()).To(ConsistOf("a1", "b7"))
}

func TestFeedRelist_KeepsWhatThereIsWhenALaterListFails(t *testing.T) {
	g := NewWithT(t)
	s := &script{lists: [][]*v1alpha1.GitRepo{{repo("a", "1"), repo("b", "1")}, {repo("a", "5")}, {repo("a", "5"), repo("b", "1")}}}
	s.watches = append(s.watches, refused(apierrors.NewResourceExpired("compacted")))
	s.before = func(f *reflector) {
		next := f.fetch
		f.fetch = func(ctx context.Context, o metav1.ListOptions, take func(found) error) (page, error) {
			if o.Continue != "" {
				return page{}, errors.New("broken")
			}
			p, err := next(ctx, o, take)
			if s.listed == 2 {
				p.next = "more"
			}
			return p, err
		}
	}
	var heard told
	s.handler = heard.handler()
	i, f := s.feed(t, 10)
	g.Expect(s.listed).To(Equal(3))
	g.Expect(i.kept()).To(ConsistOf("a5", "b1"))
	g.Expect(strings.Join(heard, "\n")).NotTo(ContainSubstring("delete"), "of b, which the half of a list does not have")
	g.Expect(f.hasListed()).To(BeTrue())
}

func TestFeedWatch_WaitsAfterWatchesThatEndAtOnce(t *testing.T) {
	g := NewWithT(t)
	s := &script{lists: [][]*v1alpha1.GitRepo{{repo("a", "1")}}}
	for version := range 5 {
		s.watches = append(s.watches, body(happening(t, "MODIFIED", of(repo("a", fmt.Sprint(version+2))))))
	}
	i, _ := s.feed(t, 10)
	g.Expect(i.kept()).To(ConsistOf("a6"))
	g.Expect(s.listed).To(Equal(1))
	g.Expect(s.reopened.Load()).To(BeEquivalentTo(5))
}
