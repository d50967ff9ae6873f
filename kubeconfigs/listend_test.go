package kubeconfigs

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
)

// pageOf is a page of a list with so many objects.
func pageOf(from, objects int, token string) *wholePage {
	p := &wholePage{listHead: listHead{version: strconv.Itoa(1000 + from), next: token}}
	for i := range objects {
		p.objects = append(p.objects, found{object: born(from + i + 1)})
	}
	return p
}

// expired is what an API server says of a token to continue with that is too old.
func expired(instead string) error {
	err := apierrors.NewResourceExpired("The provided continue parameter is too old")
	err.ErrStatus.Continue = instead
	return err
}

func TestListerList_EndsWhatTheMemberDoesNotEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		page  func(asked int, o metav1.ListOptions) *wholePage
		takes time.Duration
		limit int
		asked int
		err   string
	}{
		"a token that comes again at once": {
			func(asked int, _ metav1.ListOptions) *wholePage { return pageOf(asked*500, 500, "same") },
			0, 50_000, 2, "came twice",
		},
		"tokens that go round": {
			func(asked int, _ metav1.ListOptions) *wholePage {
				return pageOf(asked*500, 500, fmt.Sprint(asked%3))
			},
			0, 50_000, 4, "came twice",
		},
		"a page without objects": {
			func(asked int, _ metav1.ListOptions) *wholePage { return pageOf(0, 0, fmt.Sprint(asked)) },
			0, 50_000, 1, "without objects",
		},
		"slow pages": {
			func(asked int, _ metav1.ListOptions) *wholePage {
				return pageOf(asked*500, 500, fmt.Sprint(asked))
			},
			29 * time.Second, 50_000, 32, "longer than 15m0s",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			asked := 0
			l := listerOf(nil)
			clk, _ := l.clock.(*clocktesting.FakeClock)
			l.limit = tt.limit
			l.fetch = handing(func(_ context.Context, o metav1.ListOptions) (*wholePage, error) {
				clk.Step(tt.takes)
				asked++
				return tt.page(asked, o), nil
			})
			_, _, err := l.listed(t.Context())
			g.Expect(err).To(And(MatchError(errListEnded), MatchError(ContainSubstring(tt.err))))
			g.Expect(asked).To(Equal(tt.asked))
		})
	}
}

func TestListerList_StopsAtTwiceTheObjectsThatAreTaken(t *testing.T) {
	for name, tt := range map[string]struct{ objects, limit, asked, read int }{
		"a member with many objects":   {4600, 2000, 8, 4000},
		"a member with a small limit":  {3000, 3, 2, 1000},
		"a member with just as many":   {4000, 2000, 8, 4000},
		"a member with fewer than two": {1500, 1000, 3, 1500},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var asked []metav1.ListOptions
			l := listerOf(pages(tt.objects, 1<<30, &asked))
			l.limit = tt.limit
			objects, version, err := l.listed(t.Context())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(version).To(Equal("1000"))
			g.Expect(asked).To(HaveLen(tt.asked))
			g.Expect(objects).To(HaveLen(tt.read))
			g.Expect(l.truncated).To(Equal(tt.objects > tt.read))
		})
	}
}

// server lists n objects by pages, and refuses to continue as refuse says.
func server(n int, refuse func(o metav1.ListOptions) error, asked *[]metav1.ListOptions) func(context.Context, metav1.ListOptions) (*wholePage, error) {
	whole := pages(n, 1<<30, asked)
	return func(ctx context.Context, o metav1.ListOptions) (*wholePage, error) {
		if err := refuse(o); err != nil {
			*asked = append(*asked, o)
			return nil, err
		}
		return whole(ctx, o)
	}
}

func TestListerList_CompletesAListWhoseTokensExpire(t *testing.T) {
	for name, tt := range map[string]struct {
		objects int
		refuse  func(o metav1.ListOptions) error
		asked   []string
	}{
		"each, with another that expires as well": {520, func(o metav1.ListOptions) error {
			if o.Continue != "" {
				return expired("another")
			}
			return nil
		}, []string{"500 ", "500 500", "500 another", "4000 "}},
		"each, with none in its place": {5000, func(o metav1.ListOptions) error {
			if o.Continue != "" {
				return expired("")
			}
			return nil
		}, []string{"500 ", "500 500", "4000 ", "4000 4000", "32000 "}},
		"one, with another that is good": {1200, func(o metav1.ListOptions) error {
			if o.Continue == "500" {
				return expired("0500")
			}
			return nil
		}, []string{"500 ", "500 500", "500 0500", "500 1000"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var asked []metav1.ListOptions
			objects, version, err := listerOf(server(tt.objects, tt.refuse, &asked)).listed(t.Context())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(objects).To(HaveLen(tt.objects))
			g.Expect(version).To(Equal("1000"), "the watch brings what changed since the first page")
			var said []string
			for _, o := range asked {
				said = append(said, fmt.Sprintf("%d %s", o.Limit, o.Continue))
			}
			g.Expect(said).To(Equal(tt.asked))
		})
	}
}

func TestListerList_FailsWhereNoPageIsLargeEnough(t *testing.T) {
	g := NewWithT(t)
	var asked []metav1.ListOptions
	always := func(context.Context, metav1.ListOptions) (*wholePage, error) {
		asked = append(asked, metav1.ListOptions{})
		if len(asked)%2 == 1 {
			return pageOf(0, 1, "more"), nil
		}
		return nil, expired("")
	}
	_, _, err := listerOf(always).listed(t.Context())
	g.Expect(apierrors.IsResourceExpired(err)).To(BeTrue(), "%v", err)
	g.Expect(len(asked)).To(BeNumerically("<", 20))

	tooLarge := func(_ context.Context, o metav1.ListOptions) (*wholePage, error) {
		switch {
		case o.Limit > pageSize:
			return nil, errTooLarge
		case o.Continue != "":
			return nil, expired("")
		}
		return pageOf(0, 1, "more"), nil
	}
	_, _, err = listerOf(tooLarge).listed(t.Context())
	g.Expect(err).To(MatchError(errTooLarge))
}

func TestListerList_WaitsForAMemberThatIsBusy(t *testing.T) {
	g := NewWithT(t)
	var asked []metav1.ListOptions
	busy := 0
	l := listerOf(server(1200, func(o metav1.ListOptions) error {
		if o.Continue == "500" && busy < 3 {
			busy++
			return apierrors.NewTooManyRequests("later", 7)
		}
		return nil
	}, &asked))
	var waited []error
	l.wait = func(_ context.Context, err error) { waited = append(waited, err) }
	objects, _, err := l.listed(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(objects).To(HaveLen(1200))
	g.Expect(waited).To(HaveLen(3))
	g.Expect(asked).To(HaveLen(6), "the pages before are not asked for again")

	clk, _ := l.clock.(*clocktesting.FakeClock)
	l.fetch = handing(func(context.Context, metav1.ListOptions) (*wholePage, error) {
		clk.Step(time.Minute)
		return nil, apierrors.NewTooManyRequests("later", 7)
	})
	_, _, err = l.listed(t.Context())
	g.Expect(err).To(MatchError(errListEnded), "not for ever")
}
