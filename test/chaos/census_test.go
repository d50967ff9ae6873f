package chaos

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestOnlyWhatNobodyClaimsCanBeForgotten(t *testing.T) {
	began := time.Now()
	elsewhere, otherName := here, here
	elsewhere.SHA, otherName.Name = commit(7), "other"
	claim := func(at Place) Claim { return Claim{Place: at} }
	told := claim(elsewhere)
	told.Object.Status.Repo, told.Object.Status.SHA, told.Object.Status.ScmProvider = "127.0.0.1:1/"+here.Repository, here.SHA, here.Provider
	for name, tc := range map[string]struct {
		first, second time.Duration
		instance      string
		claim         *Claim
		claimed       time.Duration
		forgotten     bool
	}{
		"nobody claimed its commit":      {first: -time.Second, second: 2 * time.Minute, instance: "hub-1-1", forgotten: true},
		"a claim was on another commit":  {first: -time.Second, second: 2 * time.Minute, instance: "hub-1-1", claim: new(claim(elsewhere)), claimed: time.Second, forgotten: true},
		"it was claimed before":          {first: -time.Second, second: 2 * time.Minute, instance: "hub-1-1", claim: new(claim(here)), claimed: -time.Second, forgotten: true},
		"it was claimed later":           {first: -time.Second, second: 2 * time.Minute, instance: "hub-1-1", claim: new(claim(here)), claimed: 61 * time.Second, forgotten: true},
		"it was claimed":                 {first: -time.Second, second: 2 * time.Minute, instance: "hub-1-1", claim: new(claim(here)), claimed: time.Second},
		"another name was claimed there": {first: -time.Second, second: 2 * time.Minute, instance: "hub-1-1", claim: new(claim(otherName)), claimed: time.Second},
		"a status told of it":            {first: -time.Second, second: 2 * time.Minute, instance: "hub-1-1", claim: &told, claimed: time.Second},
		"the same hub made it":           {first: time.Second, second: 2 * time.Minute, instance: "hub-1-1"},
		"soon after the take-over":       {first: -time.Second, second: 59 * time.Second, instance: "hub-1-1"},
		"by nobody knows whom":           {first: -time.Second, second: 2 * time.Minute},
		"by an instance that never led":  {first: -time.Second, second: 2 * time.Minute, instance: "hub-2-2"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCensus()
			if tc.claim != nil {
				c.count(began.Add(tc.claimed), []Claim{*tc.claim})
			}
			runs := [2]Write{{Place: here, Answered: began.Add(tc.first)}, {Place: here, At: began.Add(tc.second), Instance: tc.instance}}
			renewals := []Renewal{{"hub-0-0", began.Add(-time.Minute)}, {"hub-1-1", began}, {"hub-1-1", began.Add(time.Second)}}
			NewWithT(t).Expect(c.forgotten(runs, renewals)).To(Equal(tc.forgotten))
		})
	}
}
