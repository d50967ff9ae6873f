package kubeconfigs

import (
	"sync"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// The resources of the kinds that the hub watches in members.
const (
	commitStatuses = "commitstatuses"
	gitRepos       = "gitrepos"
)

// mapper knows the kinds that the hub uses in a member, so that no discovery is made
// there: it costs requests, may hang, and is refused to some. It is one for all members,
// and never changed.
var mapper = sync.OnceValue(func() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{v1alpha1.GroupVersion})
	for kind, resources := range map[schema.GroupVersionKind][2]string{
		v1alpha1.GroupVersion.WithKind("CommitStatus"): {commitStatuses, "commitstatus"},
		v1alpha1.GroupVersion.WithKind("GitRepo"):      {gitRepos, "gitrepo"},
		corev1.SchemeGroupVersion.WithKind("Event"):    {"events", "event"},
		eventsv1.SchemeGroupVersion.WithKind("Event"):  {"events", "event"},
	} {
		version := kind.GroupVersion()
		plural, singular := version.WithResource(resources[0]), version.WithResource(resources[1])
		mapper.AddSpecific(kind, plural, singular, meta.RESTScopeNamespace)
		// Discovery's mappers have the lists too: a cache of some namespaces asks.
		mapper.AddSpecific(version.WithKind(kind.Kind+"List"), plural, singular, meta.RESTScopeNamespace)
	}
	return mapper
})
