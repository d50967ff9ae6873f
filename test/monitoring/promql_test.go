package monitoring

import (
	"maps"
	"slices"
	"testing"

	. "github.com/onsi/gomega"
)

// plain writes labels as a table does.
func plain(l Labels) map[string][]string {
	out := map[string][]string{}
	for metric, labels := range l {
		out[metric] = slices.Sorted(maps.Keys(labels))
	}
	return out
}

func TestMetricsAndLabelsOfExpressions(t *testing.T) {
	for expression, want := range map[string]map[string][]string{
		`up`:                                         {"up": nil},
		`absent(up) # down`:                          {"up": nil},
		`1 + 2.5e-3 * up > 0x1F`:                     {"up": nil},
		`up offset 10m == bool 1`:                    {"up": nil},
		`up{job="a,b} by (c)", pod!~'x'}`:            {"up": {"job", "pod"}},
		`up{a="\"}", b=~"$b",}`:                      {"up": {"a", "b"}},
		`rate(up{a="b"}[$__rate_interval]) / time()`: {"up": {"a"}},
		`sum by (a, b) (up{c="d"})`:                  {"up": {"a", "b", "c"}},
		`sum(up) by (a)`:                             {"up": {"a"}},
		`histogram_quantile(0.99, sum by (le) (rate(x[5m])))`: {"x": {"le"}},
		`max_over_time((min by (a) (x) - time())[3d:10m])`:    {"x": {"a"}},
		`sum by (a) (x unless y offset 1h or -z) and count by (b) (up) > 0`: {
			"x": {"a"}, "y": {"a"}, "z": {"a"}, "up": {"b"},
		},
	} {
		t.Run(expression, func(t *testing.T) {
			g := NewWithT(t)
			got, err := Asked(expression)
			g.Expect(err).NotTo(HaveOccurred())
			wanted := Labels{}
			for metric, labels := range want {
				wanted.add(metric, labels...)
			}
			g.Expect(plain(got)).To(Equal(plain(wanted)))
		})
	}
}

func TestWhatIsNotUnderstoodIsRefused(t *testing.T) {
	for _, expression := range []string{
		`{__name__="up"}`, `up{`, `up{a}`, `up{a="b"`, `sum by (a up`, `sum by a (up)`, `sum by (a)`, `(up`, `up)`, `rate(up[5m)`,
		`sum without (a) (up)`, `up * on (a) group_left x`, `label_replace(up, "a", "$1", "b", "(.*)")`, `up @ 5`, `up{a="b}`, `up;`,
	} {
		t.Run(expression, func(t *testing.T) {
			_, err := Asked(expression)
			NewWithT(t).Expect(err).To(HaveOccurred())
		})
	}
}

func TestScrapesTellLabelsOfMetrics(t *testing.T) {
	g := NewWithT(t)
	there, err := Exported("# HELP x {a=\"b\"}\n# TYPE x counter\nx 1\n" +
		"y_bucket{le=\"+Inf\",a=\"b c \\\"d\\\" e\"} 1.5e+09\ny_bucket{le=\"1\",b=\"\"} NaN\n")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(plain(there)).To(Equal(map[string][]string{"x": nil, "y_bucket": {"a", "b", "le"}}))

	asked, err := Asked(`sum by (le, job, c) (y_bucket{a="b"}) + x + y`)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(Missing(asked, there)).To(ConsistOf("y_bucket{c}", "y"))
}
