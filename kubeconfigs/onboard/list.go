package onboard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// Member is how a member is, as its Secret tells.
type Member struct {
	Name string `json:"name"`
	// Server is empty where the hub refuses the kubeconfig.
	Server string `json:"server,omitempty"`
	// Namespaces are those that the hub is limited to.
	Namespaces []string          `json:"namespaces,omitempty"`
	State      kubeconfigs.State `json:"state"`
	Since      time.Time         `json:"since,omitzero"`
	Reason     string            `json:"reason,omitempty"`
	CRDs       kubeconfigs.CRDs  `json:"crds"`
	// Permissions are those that the hub has needed so far; Check asks for each.
	Permissions kubeconfigs.Permissions `json:"permissions"`
	// CredentialExpiry is when the token or the client certificate ends; zero where it does
	// not, or where that is not known.
	CredentialExpiry time.Time `json:"credentialExpiry,omitzero"`
	// Duplicates names the members that are the same cluster, or show the same objects.
	Duplicates string `json:"twins,omitempty"`
	// LastError is what is wrong with the member, where that is known.
	LastError string `json:"lastError,omitempty"`
}

// unknown is a state that the hub has not reported yet.
const unknown = "unknown"

// List returns the members of a hub, by name.
func List(ctx context.Context, hub client.Client, namespace string) ([]Member, error) {
	var secrets corev1.SecretList
	err := hub.List(ctx, &secrets, client.InNamespace(namespace), client.MatchingLabels{kubeconfigs.MemberLabel: "true"})
	if err != nil {
		return nil, fmt.Errorf("listing the members' Secrets: %w", err)
	}
	members := make([]Member, 0, len(secrets.Items))
	for i := range secrets.Items {
		members = append(members, memberOf(&secrets.Items[i]))
	}
	slices.SortFunc(members, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return members, nil
}

// memberOf reads a member's Secret. A kubeconfig that the hub refuses is reported as refused
// even before a hub has read it.
func memberOf(secret *corev1.Secret) Member {
	m := Member{Name: secret.Name, Namespaces: kubeconfigs.Namespaces(secret), State: unknown, CRDs: unknown, Permissions: unknown}
	visit, err := kubeconfigs.Open(secret)
	if err == nil {
		defer visit.Close()
		m.Server, m.CredentialExpiry = visit.Server, visit.CredentialExpiry
	}
	if value := secret.Annotations[kubeconfigs.HealthKey]; value != "" {
		m.heed(value)
	}
	var refusal *kubeconfigs.Refusal
	if errors.As(err, &refusal) {
		m.State, m.Reason, m.LastError = kubeconfigs.Refused, refusal.Reason, refusal.Message
	}
	return m
}

// heed takes in what the hub says about the member.
func (m *Member) heed(value string) {
	health, err := kubeconfigs.ParseHealthAnnotation(value)
	if err != nil {
		m.LastError = "the annotation " + kubeconfigs.HealthKey + " cannot be read"
		return
	}
	if health.State != "" {
		m.State = health.State
	}
	if health.CRDs != "" {
		m.CRDs = health.CRDs
	}
	if health.Permissions != "" {
		m.Permissions = health.Permissions
	}
	m.Since, m.Reason, m.Duplicates = health.Since, health.Reason, health.Duplicates
	m.LastError = health.RenewalError
	if health.Reason != kubeconfigs.ReasonConnected {
		m.LastError = health.Message
	}
	if m.CredentialExpiry.IsZero() {
		m.CredentialExpiry = health.CredentialExpiry
	}
}
