package ledger

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// moveOf is one answer of an SCM, as from>to, and when.
type moveOf struct {
	path string
	at   time.Duration
}

func TestRelocations_HaveThePathOfToday(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	for name, tc := range map[string]struct {
		moves []moveOf
		today map[string]string
		last  bool
	}{
		"once":               {[]moveOf{{"a/x>a/y", 0}}, map[string]string{"a/x": "a/y", "A/X": "a/y"}, true},
		"on":                 {[]moveOf{{"a/x>a/y", 0}, {"a/y>b/z", 0}}, map[string]string{"a/x": "b/z", "a/y": "b/z"}, true},
		"back":               {[]moveOf{{"a/x>a/y", 0}, {"a/y>a/x", time.Hour}}, map[string]string{"a/y": "a/x"}, true},
		"on and back":        {[]moveOf{{"a/x>a/y", 0}, {"a/y>a/z", 0}, {"a/z>a/x", time.Hour}}, map[string]string{"a/y": "a/x", "a/z": "a/x"}, true},
		"straight back":      {[]moveOf{{"a/x>a/y", 0}, {"a/y>a/x", time.Second}}, map[string]string{"a/y": "a/x"}, true},
		"in a circle":        {[]moveOf{{"a/x>a/y", 0}, {"a/y>a/x", time.Second}, {"a/x>a/y", 2 * time.Second}}, map[string]string{"a/y": "a/x"}, false},
		"to its own name":    {[]moveOf{{"a/x>A/X", 0}}, map[string]string{}, false},
		"elsewhere":          {[]moveOf{{"a/x>a/y", 0}, {"a/x>a/z", time.Second}}, map[string]string{"a/x": "a/z"}, true},
		"two of one name":    {[]moveOf{{"a/x>a/z", 0}, {"a/y>a/z", time.Second}}, map[string]string{"a/x": "a/z", "a/y": "a/z"}, true},
		"the same once more": {[]moveOf{{"a/x>a/y", 0}, {"a/x>a/y", time.Second}}, map[string]string{"a/x": "a/y"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r, learned := newRelocations(strings.ToLower), false
			for _, m := range tc.moves {
				from, to, _ := strings.Cut(m.path, ">")
				learned = r.learn(from, to, start.Add(m.at))
			}
			g.Expect(learned).To(Equal(tc.last))
			for former, path := range tc.today {
				m, ok := r.of(former)
				g.Expect(ok).To(BeTrue(), former)
				g.Expect(m.To).To(Equal(path))
				g.Expect(r.formers(path)).To(ContainElement(strings.ToLower(former)))
			}
			for _, m := range r.all() {
				g.Expect(tc.today).To(HaveKeyWithValue(m.From, m.To))
				_, on := r.of(m.To)
				g.Expect(on).To(BeFalse(), "the path of today is no former one")
			}
			restored := newRelocations(strings.ToLower)
			for _, m := range r.all() {
				g.Expect(restored.restore(relocationOf(m.recorded()))).To(BeTrue())
			}
			g.Expect(restored.formerly).To(Equal(r.formerly))
		})
	}
}

func TestRelocations_RestoreNothingThatHasEnded(t *testing.T) {
	g, now := NewWithT(t), time.Unix(1_000_000, 0)
	r := newRelocations(strings.ToLower)
	g.Expect(r.learn("a/x", "a/y", now)).To(BeTrue())
	recorded := relocationOf(r.all()[0].recorded())
	r.undo("a/x", now.Add(time.Minute))
	g.Expect(r.restore(recorded)).To(BeFalse())
	_, ok := r.of("a/x")
	g.Expect(ok).To(BeFalse())
	g.Expect(r.learn("a/x", "a/y", now.Add(time.Hour))).To(BeTrue())
}

func TestRelocations_AreReplacedByWhatALeaderRecorded(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	at := func(move string, learned time.Duration) Relocation {
		from, to, _ := strings.Cut(move, ">")
		return Relocation{From: from, To: to, learnedAt: start.Add(learned), verifiedAt: start.Add(learned)}
	}
	for name, tc := range map[string]struct {
		known, recorded []Relocation
		today           map[string]string
		changed         bool
	}{
		"the same":                 {[]Relocation{at("a/x>a/y", 0)}, []Relocation{at("A/X>A/Y", 0)}, map[string]string{"a/x": "A/Y"}, false},
		"ended":                    {[]Relocation{at("a/x>a/y", 0)}, nil, map[string]string{}, true},
		"back":                     {[]Relocation{at("a/x>a/y", 0)}, []Relocation{at("a/y>a/x", time.Hour)}, map[string]string{"a/y": "a/x"}, true},
		"back, in one of two":      {nil, []Relocation{at("a/y>a/x", time.Hour), at("a/x>a/y", 0)}, map[string]string{"a/y": "a/x"}, true},
		"on, in one of two":        {nil, []Relocation{at("a/x>a/z", 0), at("a/y>a/z", time.Hour), at("a/x>a/y", 0)}, map[string]string{"a/x": "a/z", "a/y": "a/z"}, true},
		"elsewhere, in one of two": {nil, []Relocation{at("a/x>a/z", time.Hour), at("a/x>a/y", 0)}, map[string]string{"a/x": "a/z"}, true},
		"in a circle":              {nil, []Relocation{at("a/x>a/y", 0), at("a/y>a/x", 0)}, map[string]string{"a/y": "a/x"}, true},
		"to its own name":          {nil, []Relocation{at("a/x>A/X", 0)}, map[string]string{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			g, r := NewWithT(t), newRelocations(strings.ToLower)
			r.replace(tc.known)
			g.Expect(r.replace(tc.recorded)).To(Equal(tc.changed))
			got := map[string]string{}
			for former, each := range r.byFormer {
				got[former] = each.To
			}
			g.Expect(got).To(Equal(tc.today))
			for former, path := range tc.today {
				g.Expect(r.formers(strings.ToLower(path))).To(ContainElement(former))
			}
		})
	}
}

func TestRelocations_DropThoseThatNobodyUsesWhenThereAreTooMany(t *testing.T) {
	g, now := NewWithT(t), time.Unix(1_000_000, 0)
	r := newRelocations(strings.ToLower)
	for i := range maxRelocations {
		g.Expect(r.learn("a/x"+strings.Repeat("x", i), "a/y"+strings.Repeat("y", i), now)).To(BeTrue())
	}
	g.Expect(r.learn("a/new", "a/newer", now)).To(BeFalse())
	r.prune(func(former string) bool { return former == "a/x" })
	g.Expect(r.learn("a/new", "a/newer", now)).To(BeTrue())
	g.Expect(r.all()).To(HaveLen(2))
}
