package chaos

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

var someProviders = []Provider{
	{Name: "github0", Repositories: []string{"github0/shop", "github0/other"}},
	{Name: "gitlab", Repositories: []string{"acme/shop", "acme/other"}, Forward: true},
}

func actsOf(seed uint64, n int) (acts []Act) {
	w := newWork(seed, 1, someProviders)
	acts = w.fill()
	for range n {
		acts = append(acts, w.next())
	}
	return append(acts, w.finish()...)
}

func TestASeedDecidesOnAllWork(t *testing.T) {
	g := NewWithT(t)
	g.Expect(actsOf(7, 500)).To(Equal(actsOf(7, 500)))
	g.Expect(actsOf(7, 500)).NotTo(Equal(actsOf(8, 500)))
}

func TestWorkFitsWhatIsThere(t *testing.T) {
	g := NewWithT(t)
	specs, verbs := map[string]v1alpha1.CommitStatusSpec{}, map[string]int{}
	for _, act := range actsOf(1, 2000) {
		verbs[act.Verb]++
		before, there := specs[act.Object]
		switch act.Verb {
		case "create":
			g.Expect(there).To(BeFalse(), act.Object)
			specs[act.Object] = act.Spec
		case "update":
			g.Expect(there).To(BeTrue(), act.Object)
			g.Expect(act.Spec).NotTo(BeZero())
			if act.Provider == "gitlab" && before.SHA == act.Spec.SHA && before.Name == act.Spec.Name && before.Phase == v1alpha1.PhaseInProgress {
				g.Expect(act.Spec.Phase).To(Or(Equal(v1alpha1.PhaseInProgress), WithTransform(v1alpha1.Phase.Terminal, BeTrue())))
			}
			specs[act.Object] = act.Spec
		case "delete":
			g.Expect(there).To(BeTrue(), act.Object)
			delete(specs, act.Object)
		}
	}
	for _, verb := range []string{"create", "update", "delete", "move"} {
		g.Expect(verbs[verb]).To(BeNumerically(">", 10), verb)
	}
	for name, spec := range specs {
		if spec.GitRepoRef.Name == "gitlab" {
			g.Expect(spec.Phase.Terminal()).To(BeTrue(), "%s can be brought to that from whatever is shown", name)
		}
	}
}

func TestMembersMeet(t *testing.T) {
	g := NewWithT(t)
	places := map[Place]int{}
	for member := range 3 {
		for _, act := range newWork(1, member, someProviders).fill() {
			places[placeOf(act.Provider, "r", act.Spec)]++
		}
	}
	shared := 0
	for _, n := range places {
		if n > 1 {
			shared++
		}
	}
	g.Expect(shared).To(BeNumerically(">", 2))
}
