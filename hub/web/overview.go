package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// fleetAge is for how long all who look share one count of the fleet, which walks over every
// CommitStatus.
const fleetAge = 2 * time.Second

// fleet is the state of everything, before a page of it is selected.
type fleet struct {
	counts        Counts
	problems      []Problem
	members       []Member
	providers     []ScmProvider
	installations []Installation
}

// overviewQuery selects the pages of the tables.
type overviewQuery struct{ members, installations, providers int }

// overview returns how the fleet is.
func (r *reader) overview(ctx context.Context, q overviewQuery) (Overview, error) {
	now := r.Clock.Now()
	f, err := r.fleet.get(now, fleetAge, func() (fleet, error) { return r.countFleet(ctx) })
	if err != nil {
		return Overview{}, err
	}
	return Overview{
		Version: r.Version, At: now.UTC(), Hub: r.hub(), Counts: f.counts, Problems: orEmpty(f.problems),
		Members: orEmpty(part(f.members, q.members)), MembersTotal: len(f.members),
		Installations: orEmpty(part(f.installations, q.installations)), InstallationsTotal: len(f.installations),
		ScmProviders: orEmpty(part(f.providers, q.providers)), ScmProvidersTotal: len(f.providers),
	}, nil
}

func (r *reader) countFleet(ctx context.Context) (fleet, error) {
	var list v1alpha1.ScmProviderList
	if err := r.ScmProviders.List(ctx, &list, client.InNamespace(r.Namespace)); err != nil {
		return fleet{}, fmt.Errorf("reading the ScmProviders: %w", err)
	}
	seen, counts := r.Ledger.Overview(), r.Ledger.Count()
	health := r.Members()
	var f fleet
	f.members = r.members(health, seen)
	for _, p := range list.Items {
		f.providers = append(f.providers, scmProviderOf(p))
	}
	f.installations = r.installations()
	f.counts = Counts{
		Members: len(f.members), Statuses: counts.Keys, Conflicting: counts.Conflicting, Drifted: counts.Drifted,
	}
	for _, m := range f.members {
		f.counts.Objects += m.Objects
		f.counts.NotReady += m.NotReady
		if m.State == string(kubeconfigs.Connected) {
			f.counts.Connected++
		}
	}
	for _, i := range f.installations {
		f.counts.Queued += i.Queued
	}
	f.problems = problems(f, seen.Reasons)
	return f, nil
}

// members returns the members, those that are not well first.
func (r *reader) members(health map[string]kubeconfigs.Health, seen ledger.Overview) []Member {
	last := r.LastEvents(health)
	out := make([]Member, 0, len(health))
	for name, h := range health {
		counted := seen.Members[name]
		out = append(out, Member{
			Name: name, State: string(h.State), Reason: h.Reason, Message: h.Message, Since: h.Since.UTC(),
			Synced: counted.Synced, Objects: counted.Objects, NotReady: counted.NotReady,
			LastEvent: utc(last[name]), CredentialExpiry: utc(h.CredentialExpiry), LeftOut: h.LeftOut, Unreadable: h.Unreadable,
		})
	}
	slices.SortFunc(out, func(a, b Member) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// rank orders members by how badly they are.
func rank(m Member) int {
	switch {
	case m.State != string(kubeconfigs.Connected):
		return 0
	case m.Reason != kubeconfigs.ReasonConnected:
		return 1
	}
	return 2
}

// Ready returns the state of a member as that of a condition, for its page.
func (m Member) Ready() string {
	if m.Well() {
		return string(metav1.ConditionTrue)
	}
	return string(metav1.ConditionFalse)
}

// Help returns the section that explains the reason of a member, for its page.
func (m Member) Help() string {
	if m.Well() {
		return ""
	}
	return helpOfMember
}

// Help returns the section that explains the reason of a ScmProvider, for its page.
func (p ScmProvider) Help() string { return helpOf(p.Reason) }

// Well reports whether nothing is wrong with a member.
func (m Member) Well() bool { return rank(m) == 2 }

// utc returns a time in UTC, and zero as it is.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

func scmProviderOf(p v1alpha1.ScmProvider) ScmProvider {
	out := ScmProvider{Name: p.Name, Kind: kindOf(p.Spec), Ready: string(metav1.ConditionUnknown), Suspended: p.Spec.Suspend}
	if c := apimeta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		out.Ready, out.Reason, out.Message, out.Since = string(c.Status), c.Reason, c.Message, utc(c.LastTransitionTime.Time)
	}
	return out
}

// kindOf returns the SCM's name for people.
func kindOf(spec v1alpha1.ScmProviderSpec) string {
	switch {
	case spec.GitHub != nil:
		return "GitHub"
	case spec.GitLab != nil:
		return "GitLab"
	case spec.BitbucketCloud != nil:
		return "Bitbucket Cloud"
	case spec.BitbucketDataCenter != nil:
		return "Bitbucket Data Center"
	case spec.Gitea != nil:
		return "Gitea"
	}
	return ""
}
