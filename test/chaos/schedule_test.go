package chaos

import (
	"testing"

	. "github.com/onsi/gomega"
)

var (
	someSCMs    = []Target{{Name: "github0", Share: 2, Limits: true}, {Name: "github1", Share: 2, Limits: true}, {Name: "gitlab", Share: 3}}
	someMembers = []Target{{Name: "m0", Share: 1}, {Name: "m1", Share: 1}, {Name: "m2", Share: 1}}
)

// kindsIn counts the kinds in a plan.
func kindsIn(streams []Stream) map[Kind]int {
	counts := map[Kind]int{}
	for _, s := range streams {
		for _, f := range s.Faults {
			counts[f.Kind]++
		}
	}
	return counts
}

func TestASeedDecidesOnAllFaults(t *testing.T) {
	g := NewWithT(t)
	g.Expect(Plan(7, 300, someSCMs, someMembers)).To(Equal(Plan(7, 300, someSCMs, someMembers)))
	g.Expect(Plan(7, 300, someSCMs, someMembers)).NotTo(Equal(Plan(8, 300, someSCMs, someMembers)))
}

func TestThereAreEnoughFaultsOfEachKind(t *testing.T) {
	for n, least := range map[int]int{22: 1, 60: 2, 1100: 50} {
		g := NewWithT(t)
		counts, all := kindsIn(Plan(1, n, someSCMs, someMembers)), 0
		for _, kinds := range kindsOf {
			for _, kind := range kinds {
				g.Expect(counts[kind]).To(BeNumerically(">=", least), "%s of %d", kind, n)
				all += counts[kind]
			}
		}
		g.Expect(all).To(Equal(n))
	}
}

func TestTargetsHaveTheirShares(t *testing.T) {
	g := NewWithT(t)
	of := map[string]int{}
	for _, s := range Plan(1, 1100, someSCMs, someMembers) {
		of[s.Target] = len(s.Faults)
	}
	for _, m := range someMembers {
		g.Expect(of[m.Name]).To(Equal(100))
	}
	g.Expect(of["gitlab"]).To(BeNumerically("~", 550*3/7, 40))
	g.Expect(of["github0"]).To(BeNumerically("~", 550*2/7+25, 40))
	g.Expect(of["github1"]).To(BeNumerically("~", of["github0"], 20))
}

func TestFaultsAreWithTheirTargets(t *testing.T) {
	g := NewWithT(t)
	leader, other := 0, 0
	for _, s := range Plan(1, 1100, someSCMs, someMembers) {
		for i, f := range s.Faults {
			g.Expect(kindsOf[s.Group]).To(ContainElement(f.Kind))
			g.Expect(f.Target).To(Equal(s.Target))
			g.Expect(f.Length).To(BeNumerically(">", 0))
			if f.Kind == Secondary {
				g.Expect(s.Target).To(HavePrefix("github"), "which knows it")
				g.Expect(i).To(BeNumerically("<", len(s.Faults)*9/10), "so that it is over at the end")
			}
			switch {
			case s.Group != Hub:
			case f.Leader:
				leader++
			default:
				other++
			}
			if f.Kind == Stop {
				g.Expect(f.Length.Seconds()).To(BeNumerically(">", 7), "the lease")
			}
		}
	}
	g.Expect(leader).To(BeNumerically(">", 2*other))
	g.Expect(other).To(BeNumerically(">", 0))
}
