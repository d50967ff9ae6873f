package kubeconfigs

import (
	"encoding/json"
	"fmt"
	"time"
)

// HealthKey is the annotation on a member's Secret that says how the member is,
// as the JSON of a HealthAnnotation.
const HealthKey = "commit-status.argoproj.io/health"

// CRDs says in one word whether a member has this project's CRDs.
type CRDs string

// How the CRDs of a member are.
const (
	CRDsComplete CRDs = "complete"
	CRDsMissing  CRDs = "missing"
	// CRDsOutdated means that a field which the hub writes is not kept there.
	CRDsOutdated CRDs = "outdated"
)

// Permissions says in one word whether a member lets the hub do what it has to.
type Permissions string

// How the permissions of a member are.
const (
	PermissionsComplete Permissions = "complete"
	// PermissionsMissing means that the member refused a list, a watch or a status patch.
	PermissionsMissing Permissions = "missing"
)

// HealthAnnotation is a member's Health for who reads its Secret. What is not
// known is left out.
type HealthAnnotation struct {
	State State `json:"state,omitempty"`
	// Since is when State or Reason last changed, to the second.
	Since time.Time `json:"since,omitzero"`
	// Reason is CamelCase and stable, for machines.
	Reason string `json:"reason,omitempty"`
	// Message is for people and holds nothing secret.
	Message string `json:"message,omitempty"`
	CRDs    CRDs   `json:"crds,omitempty"`
	// Duplicates names the members that are the same cluster, or show the same objects.
	Duplicates string `json:"twins,omitempty"`
	// Permissions are complete where nothing was refused so far.
	Permissions Permissions `json:"permissions,omitempty"`
	// CredentialExpiry is when the token or the client certificate ends, to the second; left
	// out where it never does.
	CredentialExpiry time.Time `json:"credentialExpiry,omitzero"`
	// RenewalError is why the hub could not renew the token, when it last tried.
	RenewalError string `json:"renewalError,omitempty"`
}

// Marshal returns the annotation's value. Equal ones are equal to the byte.
func (h HealthAnnotation) Marshal() (string, error) {
	h.Since, h.CredentialExpiry = toSecond(h.Since), toSecond(h.CredentialExpiry)
	value, err := json.Marshal(h)
	if err != nil {
		return "", fmt.Errorf("encoding a member's health: %w", err)
	}
	return string(value), nil
}

// ParseHealthAnnotation reads an annotation's value. Fields that this version does
// not know are passed over.
func ParseHealthAnnotation(value string) (HealthAnnotation, error) {
	var h HealthAnnotation
	if err := json.Unmarshal([]byte(value), &h); err != nil {
		return HealthAnnotation{}, fmt.Errorf("reading a member's health: %w", err)
	}
	return h, nil
}

func toSecond(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}
