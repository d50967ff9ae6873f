package onboard

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// remedy returns the command that repairs a member. What only the person knows is in capitals: the
// context with rights in the member, and an empty server.
func remedy(hub Cluster, secret *corev1.Secret, server string) string {
	if server == "" {
		server = "ADDRESS"
	}
	line := command(hub, secret.Namespace, "add", secret.Name, "--context", "CONTEXT", "--server", server)
	if namespaces := kubeconfigs.Namespaces(secret); len(namespaces) > 0 {
		line += " --namespaces " + strings.Join(namespaces, ",")
	}
	if claims := claimsOf(secret); claims.Name != "" && claims.Expiry.IsZero() {
		line += " --static-token"
	}
	return line
}
