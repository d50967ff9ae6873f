package onboard

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	. "github.com/onsi/gomega"
)

func TestCheckReport_NamesEachRemedyOnce(t *testing.T) {
	for name, c := range map[string]struct {
		findings []Finding
		want     string
	}{
		"nothing": {[]Finding{{OK, "answers", ""}, {Unknown, "CRD a", ""}}, "ok        answers\nunknown   CRD a\n"},
		"one":     {[]Finding{{OK, "answers", ""}, {Outdated, "CRD a", "add"}}, "ok        answers\noutdated  CRD a\n\nTo repair this:\n  add\n"},
		"two alike": {
			[]Finding{{Missing, "CRD a", "add"}, {OK, "answers", ""}, {Missing, "may list", "add"}},
			"missing   CRD a\nok        answers\nmissing   may list\n\nTo repair all 2:\n  add\n",
		},
		"two remedies": {
			[]Finding{{Missing, "CRD a", "one"}, {Missing, "may list", "two"}, {Missing, "CRD b", "one"}},
			"missing   CRD a\nmissing   may list\nmissing   CRD b\n\nTo repair CRD a; CRD b:\n  one\n\nTo repair may list:\n  two\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var out bytes.Buffer
			g.Expect(NewCheckReport("prod-eu", c.findings, nil).Print(&out, Text)).To(Succeed())
			g.Expect(out.String()).To(Equal(c.want))
		})
	}
}

func TestCheckReport_IsWholeForMachines(t *testing.T) {
	for name, c := range map[string]struct {
		findings []Finding
		err      error
		want     string
	}{
		"well":    {[]Finding{{OK, "answers", ""}}, nil, `{"cluster":"prod-eu","ok":true,"findings":[{"outcome":"ok","what":"answers"}]}`},
		"missing": {[]Finding{{Missing, "CRD <a>", "add"}}, nil, `{"cluster":"prod-eu","ok":false,"findings":[{"outcome":"missing","what":"CRD <a>","remedy":"add"}]}`},
		"error":   {nil, errors.New("not found"), `{"cluster":"prod-eu","ok":false,"findings":[],"error":"not found"}`},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var out bytes.Buffer
			g.Expect(NewCheckReport("prod-eu", c.findings, c.err).Print(&out, JSON)).To(Succeed())
			g.Expect(out.String()).To(MatchJSON(c.want))
			var compact bytes.Buffer
			g.Expect(json.Compact(&compact, out.Bytes())).To(Succeed())
			g.Expect(compact.String()).To(Equal(c.want), "the fields' order, and no escaped brackets")
			out.Reset()
			g.Expect(NewCheckReport("prod-eu", c.findings, c.err).Print(&out, YAML)).To(Succeed())
			g.Expect(out.String()).To(MatchYAML(c.want))
		})
	}
}
