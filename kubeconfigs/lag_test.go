package kubeconfigs

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestLagNext_DecidesWhatAWatchNeeds(t *testing.T) {
	begin := time.Unix(1e9, 0)
	at := begin.Add
	reached := func(version string) reach { return reach{version: version} }
	behind := lag{target: "100", since: begin, checks: 2}
	reopened := lag{target: "100", since: begin, reopenedAt: at(lagLimit), checks: 2}
	quiet := lag{target: "100", since: begin, reopenedAt: at(lagLimit), checks: 2, quiet: true}
	more := func(l lag) lag { l.checks++; return l }
	for name, tt := range map[string]struct {
		lag     lag
		before  string
		reached reach
		newest  string
		now     time.Duration
		remedy  remedy
		after   lag
	}{
		"a watch as new as the list":            {lag{}, "90", reached("90"), "90", 0, keepWatch, lag{}},
		"a watch that has overtaken the check":  {lag{}, "90", reached("95"), "92", 0, keepWatch, lag{}},
		"a watch behind since now":              {lag{}, "9", reached("9"), "100", 0, keepWatch, lag{target: "100", since: begin, checks: 1}},
		"behind for less than the limit":        {behind, "9", reached("9"), "120", lagLimit - 1, keepWatch, more(behind)},
		"behind for the limit":                  {behind, "9", reached("9"), "120", lagLimit, reopenWatch, lag{target: "100", since: begin, reopenedAt: at(lagLimit)}},
		"behind after a pause of the hub":       {lag{target: "100", since: begin, checks: 1}, "9", reached("9"), "120", lagLimit, keepWatch, behind},
		"caught up, and behind a newer list":    {behind, "9", reached("100"), "120", lagLimit, keepWatch, lag{target: "120", since: at(lagLimit), checks: 1}},
		"caught up after it was opened anew":    {reopened, "9", reached("101"), "101", lagLimit + 1, keepWatch, lag{}},
		"opened anew, and not yet caught up":    {reopened, "9", reached("9"), "120", 2*lagLimit - 1, keepWatch, more(reopened)},
		"opened anew to no avail":               {reopened, "9", reached("9"), "120", 2 * lagLimit, relistBehind, lag{target: "100", since: at(2 * lagLimit), reopenedAt: at(2 * lagLimit)}},
		"nothing missed before: opened anew":    {quiet, "9", reached("9"), "120", 2 * lagLimit, reopenWatch, lag{target: "100", since: begin, reopenedAt: at(2 * lagLimit), quiet: true}},
		"nothing missed before: listed late":    {quiet, "9", reached("9"), "120", quietFactor * lagLimit, relistBehind, lag{target: "100", since: at(quietFactor * lagLimit), reopenedAt: at(quietFactor * lagLimit), quiet: true}},
		"an event does not end the quiet":       {lag{target: "100", since: begin, quiet: true}, "9", reach{"101", "8"}, "101", 1, keepWatch, lag{quiet: true}},
		"a bookmark in time does":               {lag{target: "100", since: begin, quiet: true}, "9", reach{"101", "101"}, "101", 1, keepWatch, lag{}},
		"versions that went back":               {behind, "637", reached("637"), "221", 1, relistRestored, lag{}},
		"versions of another length":            {lag{}, "1000", reached("1000"), "999", 0, relistRestored, lag{}},
		"versions that cannot be compared":      {lag{}, "abc", reached("abc"), "221", 0, keepWatch, lag{}},
		"a list that does not tell its version": {lag{}, "637", reached("637"), "", 0, keepWatch, lag{}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			after, remedy := tt.lag.next(tt.before, tt.reached, tt.newest, at(tt.now), lagLimit)
			g.Expect(remedy).To(Equal(tt.remedy))
			g.Expect(after).To(Equal(tt.after))
		})
	}
}

func TestLag_TellsOfAWatchThatIsBehindUnlessNothingWasMissed(t *testing.T) {
	g := NewWithT(t)
	l := lag{target: "100", reopenedAt: time.Unix(1e9, 0)}
	g.Expect(l.behind()).To(BeTrue())
	g.Expect(l.listed(relistBehind, true)).To(Equal(lag{}))
	l.quiet = l.listed(relistBehind, false).quiet
	g.Expect(l.quiet).To(BeTrue())
	g.Expect(l.behind()).To(BeFalse())
	g.Expect(l.listed(relistRestored, true).quiet).To(BeTrue(), "another list says nothing of bookmarks")
	g.Expect(lag{target: "100"}.behind()).To(BeFalse(), "it has its time")
}

func TestMember_IsCheckedAsOftenAsTheDocsSay(t *testing.T) {
	g := NewWithT(t)
	p := New(Options{})
	g.Expect(p.recheckEvery).To(Equal(30 * time.Second))
	g.Expect(p.lagLimit).To(Equal(2 * time.Minute))
}
