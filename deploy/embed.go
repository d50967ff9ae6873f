// Package deploy holds the manifests of this folder that the command line makes
// members with, so that there is one source of each.
package deploy

import _ "embed"

// The CRDs of a member cluster, as YAML. ScmProviders are on the hub alone.
var (
	//go:embed crds/commit-status.argoproj.io_commitstatuses.yaml
	CommitStatusCRD []byte
	//go:embed crds/commit-status.argoproj.io_gitrepos.yaml
	GitRepoCRD []byte
)

// MemberRole is the ClusterRole with all that the hub may do in a member, as YAML.
//
//go:embed member/role.yaml
var MemberRole []byte
