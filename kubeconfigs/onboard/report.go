package onboard

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Report says in few lines what was done and what to do next.
func (a Added) Report(out io.Writer, hub Cluster) {
	p := a.Plan
	where := "all namespaces"
	if len(p.Namespaces) > 0 {
		where = strings.Join(p.namespaces(), ", ")
	}
	fmt.Fprintf(out, "In the member: ServiceAccount %s/%s with the hub's rights in %s%s.\n", p.Namespace, Account, where, a.withCRDs())
	if len(a.Pruned) > 0 {
		fmt.Fprintf(out, "Deleted there, since not needed any more: %s.\n", strings.Join(a.Pruned, ", "))
	}
	fmt.Fprintf(out, "On the hub: Secret %s/%s for %s; %s.\n", p.Namespace, p.Name, p.Endpoint.Server, a.lifetime())
	if a.Before != "" && a.Before != p.Endpoint.Server {
		fmt.Fprintf(out, "Note: the hub reached %s at %s before.\n", p.Name, a.Before)
	}
	if p.Endpoint.onlyHere() {
		fmt.Fprintf(out, "Note: %s is this very machine; a hub elsewhere needs another address: --server.\n", p.Endpoint.Server)
	}
	if a.NoCRDs {
		fmt.Fprintln(out, "Note: the member lacks the CRDs; the same with --crds installs them.")
	}
	fmt.Fprintf(out, "Next: %s; and a grant for cluster %q in a ScmProvider.\n", command(hub, p.Namespace, "check", p.Name), p.Name)
}

func (a Added) withCRDs() string {
	if a.Plan.CRDs {
		return ", and the CRDs"
	}
	return ""
}

func (a Added) lifetime() string {
	if a.Expiry.IsZero() {
		return "its token does not end"
	}
	return "its token ends at " + a.Expiry.Format(time.RFC3339) + ", and the hub renews it before"
}

// Report says in few lines what was done and, where keep is false, what remains in
// the member.
func (d Removed) Report(out io.Writer, hub Cluster, member *Cluster, r Removal, keep bool) {
	if d.Secret {
		fmt.Fprintf(out, "On the hub: Secret %s/%s is deleted, and with it member %s.\n", r.Namespace, r.Name, r.Name)
	} else {
		fmt.Fprintf(out, "On the hub: there was no Secret %s/%s any more.\n", r.Namespace, r.Name)
	}
	switch {
	case keep:
	case member == nil:
		fmt.Fprintf(out, "In the member remain ServiceAccount %s/%s with its rights, and the CRDs. To delete the former:\n  %s --context CONTEXT\n",
			r.Namespace, Account, command(hub, r.Namespace, "remove", r.Name, "--orphaned"))
	case len(d.Objects) == 0:
		fmt.Fprintln(out, "In the member: there was nothing to delete.")
	default:
		fmt.Fprintf(out, "In the member: deleted %s.\n", strings.Join(d.Objects, ", "))
	}
	if len(d.Kept) > 0 {
		fmt.Fprintf(out, "Left there, since not made by this command or still in use: %s.\n", strings.Join(d.Kept, ", "))
	}
}

// command is a command for the same hub.
func command(hub Cluster, namespace string, words ...string) string {
	line := "commit-status-hub cluster " + strings.Join(words, " ")
	if hub.Context != "" {
		line += " --hub-context " + hub.Context
	}
	if namespace != DefaultNamespace {
		line += " --namespace " + namespace
	}
	return line
}
