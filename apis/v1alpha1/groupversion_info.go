// Package v1alpha1 holds the kinds of the group commit-status.argoproj.io:
// CommitStatus and GitRepo, which live in member clusters, and ScmProvider,
// which lives on the hub alone.
//
// +kubebuilder:object:generate=true
// +groupName=commit-status.argoproj.io
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion names the group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "commit-status.argoproj.io", Version: "v1alpha1"}

// FieldOwner is the field manager of everything that the hub writes to an API server.
const FieldOwner = "commit-status-hub"

// AddToScheme adds the kinds of this package to a runtime.Scheme.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion,
		&CommitStatus{}, &CommitStatusList{},
		&GitRepo{}, &GitRepoList{},
		&ScmProvider{}, &ScmProviderList{},
	)
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
