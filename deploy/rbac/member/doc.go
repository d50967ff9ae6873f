// Package member says what the hub may do in a member cluster: read the
// CommitStatuses and the GitRepos, write the former's status, and tell events.
// It holds no code: deploy/member/role.yaml is generated from the markers below. Beside
// it, deploy/member/token.yaml lets the hub renew its own token.
//
// +kubebuilder:rbac:groups=commit-status.argoproj.io,resources=commitstatuses;gitrepos,verbs=get;list;watch
// +kubebuilder:rbac:groups=commit-status.argoproj.io,resources=commitstatuses/status,verbs=patch
// +kubebuilder:rbac:groups="";events.k8s.io,resources=events,verbs=create;patch
package member
