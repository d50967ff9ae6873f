package onboard

import (
	"context"
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// Outcome is what came of looking for one thing.
type Outcome string

// The outcomes.
const (
	OK       Outcome = "ok"
	Missing  Outcome = "missing"
	Outdated Outcome = "outdated"
	// Unknown means that the member does not report it; there is nothing to repair.
	Unknown Outcome = "unknown"
)

// Finding is one thing that the hub needs of a member.
type Finding struct {
	Outcome Outcome `json:"outcome"`
	What    string  `json:"what"`
	// Remedy is the command that repairs it; empty where nothing needs a repair.
	Remedy string `json:"remedy,omitempty"`
}

// Bad reports whether the finding needs a repair.
func (f Finding) Bad() bool { return f.Outcome == Missing || f.Outcome == Outdated }

// Check looks with a member's own kubeconfig, as the hub does, whether all is there
// that the hub needs. Where the member cannot be asked, that is the last finding. An
// error means that there is no telling, now or for this name.
func Check(ctx context.Context, hub Cluster, namespace, name string, now time.Time) ([]Finding, error) {
	if err := validateName(name); err != nil {
		return nil, err
	}
	secret, err := memberSecret(ctx, hub, namespace, name)
	if err != nil {
		return nil, withMembers(ctx, hub, namespace, err)
	}
	visit, err := kubeconfigs.Open(secret)
	if err != nil {
		return []Finding{{Missing, "a kubeconfig that the hub accepts: " + err.Error(), remedy(hub, secret, "")}}, nil
	}
	defer visit.Close()
	client, err := kubernetes.NewForConfigAndClient(visit.Config, visit.Client)
	if err != nil {
		return nil, fmt.Errorf("making the member's client: %w", err)
	}
	c := &checkup{
		visit: visit, client: client, namespaces: kubeconfigs.Namespaces(secret),
		remedy: remedy(hub, secret, visit.Server), addressRemedy: remedy(hub, secret, ""),
	}
	if !c.credential(now) || !c.reach(ctx) {
		return c.findings, nil
	}
	if err := c.crds(ctx); err != nil {
		return c.findings, visit.Clean(err)
	}
	return c.findings, visit.Clean(c.rights(ctx))
}
