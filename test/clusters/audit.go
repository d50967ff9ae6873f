package clusters

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// auditPolicy has the API server write down what ServiceAccounts ask it for.
const auditPolicy = `{
  "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived", "ResponseStarted"],
  "rules": [{"level": "Metadata", "userGroups": ["system:serviceaccounts"]}, {"level": "None"}]
}`

// WithAudit has the requests of ServiceAccounts written to a file, for Refused.
func WithAudit(file string) Option {
	return func(o *options) { o.audit = file }
}

// audit sets a control plane up to write the requests to a file.
func audit(environment *envtest.Environment, file string) error {
	policy := file + ".policy"
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return fmt.Errorf("writing the audit policy: %w", err)
	}
	environment.ControlPlane.GetAPIServer().Configure().
		Append("audit-policy-file", policy).
		Append("audit-log-path", file)
	return nil
}

// Refused reads from WithAudit's file what hubs asked for and had no right to, such as
// "patch secrets in hub-1", each once.
func Refused(file string) ([]string, error) {
	content, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // nobody asked
	}
	if err != nil {
		return nil, fmt.Errorf("opening the audit log: %w", err)
	}
	defer content.Close()
	var refused []string
	for decoder := json.NewDecoder(content); ; {
		var event struct {
			Verb        string
			User        struct{ Username string }
			ObjectRef   struct{ Namespace, APIGroup, Resource, Subresource string }
			RequestURI  string
			Annotations map[string]string
		}
		switch err := decoder.Decode(&event); {
		case errors.Is(err, io.EOF):
			slices.Sort(refused)
			return slices.Compact(refused), nil
		case err != nil:
			return nil, fmt.Errorf("reading the audit log: %w", err)
		}
		ours := strings.HasSuffix(event.User.Username, ":"+accountName)
		if !ours || event.Annotations["authorization.k8s.io/decision"] != "forbid" {
			continue
		}
		what := event.RequestURI
		if o := event.ObjectRef; o.Resource != "" {
			what = strings.Trim(o.Resource+"/"+o.Subresource, "/") + "." + o.APIGroup + " in " + o.Namespace
		}
		refused = append(refused, event.Verb+" "+what)
	}
}
