package chaos

import (
	"bytes"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// shortFaults are those of a short run, and shortMet is how many of them have to meet
// something: where the leader changes all the time, an SCM gets little to do.
const shortFaults, shortMet = 62, 40

func TestPromisesHoldWhateverGoesWrong(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes")
	}
	g := NewWithT(t)
	report, err := Run(t.Context(), Options{
		Seed: 1, Faults: shortFaults, Dir: t.TempDir(), Rest: 8 * time.Second, Progress: t.Output(),
		// Connections that nobody needs any more are kept for longer than this rest, and
		// memory is not given back at once.
		Growth: 0.5,
	})
	g.Expect(err).NotTo(HaveOccurred())
	var figures, failures bytes.Buffer
	report.Markdown(&figures)
	report.Failures(&failures)
	t.Log(figures.String())
	g.Expect(failures.String()).To(BeEmpty())
	injected, met := report.total()
	g.Expect(injected).To(BeNumerically(">=", shortFaults))
	g.Expect(met).To(BeNumerically(">=", shortMet))
	for _, c := range report.Counts {
		if c.Group != SCM {
			g.Expect(c.Met).To(BeNumerically(">", 0), "%s of %s", c.Kind, c.Group)
		}
	}
	g.Expect(report.Leaders).To(BeNumerically(">", 0))
	g.Expect(report.Unattributed).To(BeNumerically("<", report.Calls/20))
}
