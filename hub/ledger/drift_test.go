package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

func TestWhenAStatusIsComparedNext(t *testing.T) {
	g := NewWithT(t)
	for name, c := range map[string]struct{ age, interval, want time.Duration }{
		"just written": {0, 10 * time.Minute, 10 * time.Minute},
		"an hour ago":  {time.Hour, 10 * time.Minute, time.Hour},
		"last week":    {7 * 24 * time.Hour, 10 * time.Minute, 24 * time.Hour},
		"every second": {0, time.Second, time.Second},
		"once a month": {time.Hour, 30 * 24 * time.Hour, 30 * 24 * time.Hour},
	} {
		g.Expect(checkAfter(c.age, c.interval, 0)).To(Equal(c.want), name)
		g.Expect(checkAfter(c.age, c.interval, 1)).To(BeNumerically("~", c.want*11/10, time.Millisecond), name)
	}
}

func TestADriftNamesEachFieldWithBothValues(t *testing.T) {
	g := NewWithT(t)
	long := "Hydrated 12 apps of the shop in all regions, and the last of them is "
	for message, c := range map[string]struct {
		shown *providers.Shown
		want  providers.Status
	}{
		"drift: phase is failure in GitHub, success here":                                           {shows("failure"), providers.Status{Phase: "success"}},
		"drift: the status is missing in GitHub, success here":                                      {nil, providers.Status{Phase: "success"}},
		`drift: description is "" in GitHub, "Hydrated" here`:                                       {shows("success"), providers.Status{Phase: "success", Description: "Hydrated"}},
		`drift: url is "" in GitHub, "https://ci/42" here`:                                          {shows("success"), providers.Status{Phase: "success", URL: "https://ci/42"}},
		`drift: phase is queued in GitHub, success here; url is "" in GitHub, "https://ci/42" here`: {shows("queued"), providers.Status{Phase: "success", URL: "https://ci/42"}},
		`drift: description is "…f them is eu" in GitHub, "…f them is us" here`: {
			&providers.Shown{Status: providers.Status{Phase: "success", Description: long + "eu"}}, providers.Status{Phase: "success", Description: long + "us"},
		},
	} {
		g.Expect(driftMessage("GitHub", c.shown, c.want)).To(Equal(message))
	}
}
