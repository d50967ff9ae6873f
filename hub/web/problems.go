package web

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// mostProblems is how many problems of one kind are listed one by one.
const mostProblems = 20

// problems returns what is wrong now: first what concerns many, then what each object reports.
func problems(f fleet, reasons []ledger.ReasonCount) []Problem {
	var members, installations, providers []Problem
	for _, m := range f.members {
		if rank(m) < 2 {
			members = append(members, memberProblem(m))
		}
	}
	for _, i := range f.installations {
		if p, ok := installationProblem(i); ok {
			installations = append(installations, p)
		}
	}
	for _, p := range f.providers {
		if p.Ready == string(metav1.ConditionFalse) || p.Suspended {
			providers = append(providers, providerProblem(p))
		}
	}
	out := limited(providers, KindScmProvider, "ScmProviders")
	out = append(out, limited(installations, KindInstallation, "installations")...)
	out = append(out, limited(members, KindMember, "members")...)
	for _, r := range reasons {
		out = append(out, reasonProblem(r))
	}
	return out
}

// limited returns at most mostProblems, and how many more there are.
func limited(all []Problem, kind, plural string) []Problem {
	if len(all) <= mostProblems {
		return all
	}
	more := len(all) - mostProblems
	return append(all[:mostProblems:mostProblems], Problem{
		Kind: kind, Reason: "More", Message: fmt.Sprintf("%d more %s are not well: see the table below.", more, plural), Count: more, Path: "/#" + plural,
	})
}

func memberProblem(m Member) Problem {
	return Problem{
		Kind: KindMember, Name: m.Name, Reason: m.Reason, Message: m.Message, Since: m.Since,
		Count: m.Objects, Path: searchPath(m.Name + "/"), Help: helpOfMember, Waits: m.Reason == kubeconfigs.ReasonConnecting || m.Reason == kubeconfigs.ReasonListing,
	}
}

func installationProblem(i Installation) (Problem, bool) {
	p := Problem{Kind: KindInstallation, Name: i.ID, Count: i.Queued, Path: i.Path, Help: helpOf(v1alpha1.ReasonPending)}
	switch {
	case i.Down:
		p.Reason, p.Message, p.Help = v1alpha1.ReasonUnavailable, "The SCM does not answer. One request at a time tries it.", helpOf(v1alpha1.ReasonUnavailable)
	case !i.PausedUntil.IsZero():
		p.Reason, p.Message = "Paused", fmt.Sprintf("The SCM asked for no requests until %s.", i.PausedUntil.UTC().Format(time.TimeOnly+" UTC"))
	case i.ReducedTo > 0:
		p.Reason, p.Message = "Reduced", fmt.Sprintf("After refusals it sends at most %d writes a minute. The rate doubles after each minute without a refusal.", i.ReducedTo)
	default:
		return Problem{}, false
	}
	return p, true
}

func providerProblem(p ScmProvider) Problem {
	out := Problem{Kind: KindScmProvider, Name: p.Name, Reason: p.Reason, Message: p.Message, Since: p.Since, Path: "/#ScmProviders", Help: helpOf(p.Reason)}
	if p.Suspended && p.Ready != string(metav1.ConditionFalse) {
		out.Reason, out.Message, out.Help, out.Waits = v1alpha1.ReasonSuspended, "Nothing is sent through it: its spec says suspend.", helpOf(v1alpha1.ReasonSuspended), true
	}
	return out
}

func reasonProblem(r ledger.ReasonCount) Problem {
	out := Problem{
		Kind: KindStatuses, Reason: r.Reason, Count: r.Count, Path: searchPath(r.Reason), Help: helpOf(r.Reason), Waits: r.Ready == metav1.ConditionUnknown,
		Message: meanings[r.Reason],
	}
	for _, o := range r.Examples {
		out.Examples = append(out.Examples, objectOf(o))
	}
	return out
}
