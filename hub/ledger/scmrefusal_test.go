package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// refusedBy walks a refusal through probes that are all refused, and returns when each was
// sent, when the account learned anew, and after how many refusals the verdict was final.
func refusedBy(r scmRefusal, relied providers.Fact, learned, from time.Time, probes int) (out scmRefusal, asked, renewed []time.Duration, final int) {
	now := from
	for range probes {
		if r.no != nil && r.renewsFirst(now, false) {
			r, learned = r.renew(now, false), now
			renewed = append(renewed, now.Sub(from))
		}
		no := providers.Refuse(providers.RefusedInstallation, v1alpha1.ReasonCredentialsInvalid, "no")
		if no.Relied = relied; relied != providers.FactNone {
			no.Learned = learned
		}
		asked = append(asked, now.Sub(from))
		r = r.refuse(now, now, no)
		if r.final && final == 0 {
			final = r.tries
		}
		if r.renews() {
			r, learned = r.renew(now, false), now
			renewed = append(renewed, now.Sub(from))
		}
		now = now.Add(r.wait(now, time.Time{}, time.Time{}))
	}
	return r, asked, renewed, final
}

func TestScmRefusal_IsFinalOnFreshFactsOnly(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	s, m := time.Second, time.Minute
	for name, tc := range map[string]struct {
		relied  providers.Fact
		age     time.Duration // of what the first refused request relied on
		worked  time.Duration // before the first refusal, 0 for never
		asked   []time.Duration
		renewed []time.Duration
		final   int
	}{
		"a plain token": {
			providers.FactNone, 0, 0, []time.Duration{0, 2 * s, 13 * s, 10*m + 13*s, 30*m + 13*s}, nil, 3,
		},
		"a plain token that worked": {
			providers.FactNone, 0, 59 * m, []time.Duration{0, 5 * s, 20 * s, 80 * s, 380 * s, 380*s + 10*m, 380*s + 30*m}, nil, 3,
		},
		"a token minted just now": {
			providers.FactToken, 0, 0, []time.Duration{0, 2 * s, 13 * s, 10*m + 13*s, 10*m + 24*s, 30*m + 24*s}, []time.Duration{2 * s, 10*m + 13*s, 30*m + 24*s}, 3,
		},
		"an old token": {
			providers.FactToken, 30 * m, 0, []time.Duration{0, 2 * s, 13 * s, 10*m + 13*s}, []time.Duration{0, 10*m + 13*s}, 3,
		},
		"an old token that worked": {
			providers.FactToken, 30 * m, m, []time.Duration{0, 5 * s, 20 * s, 80 * s, 380 * s}, []time.Duration{0, 80 * s, 380 * s}, 3,
		},
		"a token minted just now by an account that worked": {
			providers.FactToken, s, m, []time.Duration{0, 5 * s, 20 * s, 80 * s}, []time.Duration{5 * s, 80 * s}, 3,
		},
		"a token minted just now that worked": {
			providers.FactToken, s, s / 2, []time.Duration{0, 5 * s, 20 * s, 80 * s}, []time.Duration{0, 80 * s}, 3,
		},
		"a plain token that worked long ago": {
			providers.FactNone, 0, 61 * m, []time.Duration{0, 2 * s, 13 * s}, nil, 3,
		},
		"an installation that was found": {
			providers.FactInstallation, time.Hour, 0, []time.Duration{0, 2 * s, 13 * s}, []time.Duration{0}, 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var r scmRefusal
			if tc.worked > 0 {
				r.workedAt = start.Add(-tc.worked)
			}
			_, asked, renewed, final := refusedBy(r, tc.relied, start.Add(-tc.age), start, len(tc.asked))
			g.Expect(asked).To(Equal(tc.asked))
			g.Expect(renewed).To(Equal(tc.renewed))
			g.Expect(final).To(Equal(tc.final))
		})
	}
}

func TestScmRefusal_WithoutFreshFactsIsAskedOnWithinAMinute(t *testing.T) {
	g := NewWithT(t)
	now := time.Unix(1_000_000, 0)
	no := providers.Refuse(providers.RefusedInstallation, v1alpha1.ReasonCredentialsInvalid, "no")
	no.Relied, no.Learned = providers.FactToken, now.Add(-time.Hour)
	var r scmRefusal
	for range 20 {
		r = r.refuse(now, now, no) // no other token is to be had
		g.Expect(r.final).To(BeFalse())
		g.Expect(r.renews()).To(BeTrue())
		wait := r.wait(now, time.Time{}, time.Time{})
		g.Expect(wait).To(And(BeNumerically(">=", 2*time.Second), BeNumerically("<=", time.Minute)))
		now = now.Add(wait)
	}
	g.Expect(r.reported().Reason).To(Equal(v1alpha1.ReasonUnavailable))
	g.Expect(r.reported().Message).To(Equal("no; it is asked again"))
}

func TestScmRefusal_CountsRequestsThatWereUnderWayOnce(t *testing.T) {
	g := NewWithT(t)
	now := time.Unix(1_000_000, 0)
	no := providers.Refuse(providers.RefusedAccount, v1alpha1.ReasonCredentialsInvalid, "no")
	r := scmRefusal{}.refuse(now, now.Add(time.Second), no)
	g.Expect(r.refuse(now.Add(time.Second), now.Add(time.Minute), no)).To(Equal(r))
}

func TestScmRefusal_IsAskedAgainAfterAChange(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	r, _, _, _ := refusedBy(scmRefusal{}, providers.FactNone, start, start, 4)
	now := r.askedAt.Add(time.Minute)
	for name, tc := range map[string]struct {
		changed, others time.Time
		want            time.Duration
	}{
		"no change":                      {time.Time{}, time.Time{}, r.dueAt.Sub(now)},
		"a change that the verdict met":  {r.askedAt, time.Time{}, r.dueAt.Sub(now)},
		"a change since":                 {now, time.Time{}, 0},
		"a change just after another's":  {now, now.Add(-3 * time.Second), 7 * time.Second},
		"a change long after another's":  {now, now.Add(-time.Minute), 0},
		"a change just after the answer": {now, r.askedAt, 0},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(r.wait(now, tc.changed, tc.others)).To(Equal(tc.want))
		})
	}
	g := NewWithT(t)
	g.Expect(r.wait(r.askedAt.Add(time.Second), r.askedAt.Add(time.Second), time.Time{})).To(Equal(9 * time.Second))
}

func TestScmRefusal_LearnsAnewForAChange(t *testing.T) {
	g := NewWithT(t)
	start := time.Unix(1_000_000, 0)
	r, _, _, _ := refusedBy(scmRefusal{}, providers.FactToken, start, start, 3)
	now := start.Add(30 * time.Second)
	g.Expect(r.renewsFirst(now, false)).To(BeFalse(), "it was lately")
	g.Expect(r.renewsFirst(now, true)).To(BeTrue())
	r = r.renew(now, true)
	g.Expect(r.renewsFirst(now.Add(59*time.Second), true)).To(BeFalse(), "at most once a minute")
	g.Expect(r.renewsFirst(now.Add(time.Minute), true)).To(BeTrue())
}
