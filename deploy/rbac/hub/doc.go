// Package hub says what the hub may do in its own cluster. It holds no code:
// deploy/hub/role.yaml is generated from the markers below.
//
// In its own namespace: read the Secrets with kubeconfigs and credentials and annotate
// the former, make the Secret with the key of seals, read the ScmProviders and write their status, hold the lease of the leader.
//
// +kubebuilder:rbac:groups="",namespace=commit-status-system,resources=secrets,verbs=create;get;list;watch;patch
// +kubebuilder:rbac:groups=commit-status.argoproj.io,namespace=commit-status-system,resources=scmproviders,verbs=get;list;watch
// +kubebuilder:rbac:groups=commit-status.argoproj.io,namespace=commit-status-system,resources=scmproviders/status,verbs=patch
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=commit-status-system,resources=leases,verbs=get;create;update
//
// In every namespace, since the hub's own cluster is served as the cluster "local":
//
// +kubebuilder:rbac:groups=commit-status.argoproj.io,resources=commitstatuses;gitrepos,verbs=get;list;watch
// +kubebuilder:rbac:groups=commit-status.argoproj.io,resources=commitstatuses/status,verbs=patch
// +kubebuilder:rbac:groups="";events.k8s.io,resources=events,verbs=create;patch
//
// To let the API server decide who may read the metrics:
//
// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create
package hub
