package ledger

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Key is the unit of deduplication: one named status on one commit. Repository and
// Name are folded as the SCM folds them and SHA is lower case, so equal places have
// equal keys. SCMs of one host have different keys: Host has the path of their root, and Kind is
// the ScmProvider's.
type Key struct {
	Kind       string
	Host       string
	Repository string
	SHA        string
	Name       string
}

// String writes the key as host/repository@sha name.
func (k Key) String() string {
	return strings.TrimSpace(k.Host + "/" + k.Repository + "@" + k.SHA + " " + k.Name)
}

// ExternalID is the mark that the hub leaves in the SCM: 32 hexadecimal digits
// that only this key has, the same after any restart.
func (k Key) ExternalID() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{k.Host, k.Repository, k.SHA, k.Name}, "\x00")))
	return "commit-status-hub/" + hex.EncodeToString(sum[:16])
}

// ObjectID names an object in the fleet.
type ObjectID struct {
	Cluster   string
	Namespace string
	Name      string
}

// String writes the ID as cluster/namespace/name, as status.owner has it.
func (o ObjectID) String() string { return o.Cluster + "/" + o.Namespace + "/" + o.Name }

// compareIDs orders objects by cluster, namespace and name.
func compareIDs(a, b ObjectID) int {
	return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// KeysAndValues is the ID as a log line has it.
func (o ObjectID) KeysAndValues() []any {
	return []any{"cluster", o.Cluster, "namespace", o.Namespace, "name", o.Name}
}
