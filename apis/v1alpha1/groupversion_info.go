// Package v1alpha1 holds the kinds of the group commit-status.argoproj.io:
// CommitStatus and GitRepo, which live in member clusters, and ScmProvider,
// which lives on the hub alone.
//
// +kubebuilder:object:generate=true
// +groupName=commit-status.argoproj.io
package v1alpha1

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/scheme"
)

// GroupVersion names the group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "commit-status.argoproj.io", Version: "v1alpha1"}

var (
	schemeBuilder = &scheme.Builder{GroupVersion: GroupVersion}

	// AddToScheme adds the kinds of this package to a runtime.Scheme.
	AddToScheme = schemeBuilder.AddToScheme
)

func init() {
	schemeBuilder.Register(
		&CommitStatus{}, &CommitStatusList{},
		&GitRepo{}, &GitRepoList{},
		&ScmProvider{}, &ScmProviderList{},
	)
}
