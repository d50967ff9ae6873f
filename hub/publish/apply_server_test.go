package publish

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// apiServer is a real control plane, and what its responses warned of.
type apiServer struct {
	*clusters.Cluster
	g        *WithT
	warnings warnings
}

type warnings struct{ texts []string }

// HandleWarningHeader implements rest.WarningHandler.
func (w *warnings) HandleWarningHeader(_ int, _, text string) { w.texts = append(w.texts, text) }

func startAPIServer(t *testing.T) *apiServer {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a control plane")
	}
	g := NewWithT(t)
	g.SetDefaultEventuallyTimeout(30 * time.Second)
	c, err := clusters.Start(context.Background())
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(c.Stop()).To(Succeed()) })
	s := &apiServer{Cluster: c, g: g}
	config := rest.CopyConfig(c.Config)
	config.WarningHandler = &s.warnings
	s.Client, err = client.New(config, client.Options{Scheme: clusters.Scheme()})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "team-a"}})).To(Succeed())
	return s
}

func (s *apiServer) create(ctx context.Context, name string) *v1alpha1.CommitStatus {
	cs := ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) {
		cs.ObjectMeta = metav1.ObjectMeta{Namespace: "team-a", Name: name}
	})
	s.g.Expect(s.Client.Create(ctx, cs)).To(Succeed())
	return cs
}

// stored is the status of an object as the API server has it, unknown fields included.
func (s *apiServer) stored(ctx context.Context, name string) map[string]any {
	object, err := s.raw(ctx, name)
	s.g.Expect(err).NotTo(HaveOccurred())
	status, _ := object["status"].(map[string]any)
	return status
}

func (s *apiServer) raw(ctx context.Context, name string) (object map[string]any, err error) {
	config := rest.CopyConfig(s.Config)
	config.GroupVersion, config.APIPath, config.NegotiatedSerializer = &v1alpha1.GroupVersion, "/apis", serializer.NewCodecFactory(clusters.Scheme()).WithoutConversion()
	c, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, err
	}
	body, err := c.Get().Namespace("team-a").Resource("commitstatuses").Name(name).DoRaw(ctx)
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(body, &object)
	return object, err
}

// apply has a field manager apply a status, as versions of the hub before this one did.
func (s *apiServer) apply(ctx context.Context, name, manager string, status map[string]any) {
	body, err := json.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "CommitStatus",
		"metadata": map[string]any{"namespace": "team-a", "name": name}, "status": status,
	})
	s.g.Expect(err).NotTo(HaveOccurred())
	object := &v1alpha1.CommitStatus{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: name}}
	s.g.Expect(s.Client.Status().Patch(ctx, object, client.RawPatch(types.ApplyPatchType, body), client.FieldOwner(manager), client.ForceOwnership)).To(Succeed())
}

func (s *apiServer) get(ctx context.Context, name string) *v1alpha1.CommitStatus {
	cs := &v1alpha1.CommitStatus{}
	s.g.Expect(s.Client.Get(ctx, types.NamespacedName{Namespace: "team-a", Name: name}, cs)).To(Succeed())
	return cs
}

// patchOf is a patch of an object as it is now.
func patchOf(cs *v1alpha1.CommitStatus, status v1alpha1.CommitStatusStatus) ledger.Patch {
	return ledger.Patch{
		ID: ledger.ObjectID{Cluster: "eu", Namespace: cs.Namespace, Name: cs.Name}, UID: cs.UID, Version: cs.ResourceVersion, Status: status, Source: cs,
	}
}

// onGitLab is a status with a handle in GitLab and nothing that is wrong.
func onGitLab() v1alpha1.CommitStatusStatus {
	return v1alpha1.CommitStatusStatus{
		ObservedGeneration: 1, IsSynced: true, Phase: "success", ShortSHA: ledgertest.SHA[:7],
		Provider: &v1alpha1.ProviderHandle{GitLab: &v1alpha1.GitLabHandle{StatusID: 7, PipelineID: 12}},
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced, Message: "gitlab.com shows success",
			ObservedGeneration: 1, LastTransitionTime: metav1.NewTime(time.Unix(5000, 0)),
		}},
	}
}

func TestApplyStatus_AgainstAnAPIServer(t *testing.T) {
	s := startAPIServer(t)
	left := map[string]any{
		"isSynced": false, "owner": "us/team-a/x", "url": "https://ci.example.com", "updatedAt": "2026-11-23T10:00:00Z",
		"syncFailure": map[string]any{"message": "drift"},
		"provider":    map[string]any{"github": map[string]any{"checkRunId": 4711}, "gitlab": map[string]any{"statusId": 6}},
		"conditions": []any{
			map[string]any{"type": "Ready", "status": "False", "reason": "Drifted", "message": "drift", "lastTransitionTime": "2026-11-23T10:00:00Z"},
			map[string]any{"type": "Theirs", "status": "True", "reason": "Theirs", "message": "", "lastTransitionTime": "2026-11-23T10:00:00Z"},
		},
	}
	for _, manager := range []string{v1alpha1.FieldOwner, "velero"} {
		t.Run("removes what "+manager+" applied", func(t *testing.T) {
			s.g = NewWithT(t)
			s.create(t.Context(), manager)
			s.apply(t.Context(), manager, manager, left)
			kept, err := applyStatus(t.Context(), s.Client, patchOf(s.get(t.Context(), manager), onGitLab()))
			s.g.Expect(err).NotTo(HaveOccurred())
			s.g.Expect(fieldsOf(kept.Status)).To(Equal(fieldsOf(onGitLab())))
			s.g.Expect(s.stored(t.Context(), manager)).To(Equal(fieldsOf(onGitLab())), "no field is left, nor null")
		})
	}
	t.Run("writes a first status without nulls", func(t *testing.T) {
		s.g = NewWithT(t)
		_, err := applyStatus(t.Context(), s.Client, patchOf(s.create(t.Context(), "first"), onGitLab()))
		s.g.Expect(err).NotTo(HaveOccurred())
		s.g.Expect(s.stored(t.Context(), "first")).To(Equal(fieldsOf(onGitLab())))
	})
	t.Run("tells a missing right", func(t *testing.T) {
		s.g = NewWithT(t)
		config := rest.CopyConfig(s.Config)
		config.Impersonate = rest.ImpersonationConfig{UserName: "nobody"}
		nobody, err := client.New(config, client.Options{Scheme: clusters.Scheme()})
		s.g.Expect(err).NotTo(HaveOccurred())
		_, err = applyStatus(t.Context(), nobody, patchOf(s.create(t.Context(), "forbidden"), onGitLab()))
		s.g.Expect(refusalOf(err)).To(Equal(withoutRight), "%v", err)
	})
	t.Run("is for one object in one version", func(t *testing.T) {
		s.g = NewWithT(t)
		old := s.create(t.Context(), "again")
		s.g.Expect(s.Client.Delete(t.Context(), old.DeepCopy())).To(Succeed())
		again := s.create(t.Context(), "again")
		_, err := applyStatus(t.Context(), s.Client, patchOf(old, onGitLab()))
		s.g.Expect(apierrors.IsConflict(err)).To(BeTrue(), "re-created: %v", err)
		edited := again.DeepCopy()
		edited.Labels = map[string]string{"a": "b"}
		s.g.Expect(s.Client.Update(t.Context(), edited)).To(Succeed())
		_, err = applyStatus(t.Context(), s.Client, patchOf(again, onGitLab()))
		s.g.Expect(apierrors.IsConflict(err)).To(BeTrue(), "changed: %v", err)
		s.g.Expect(s.stored(t.Context(), "again")).NotTo(HaveKey("phase"))
	})
	t.Run("leaves out what an older CRD lacks", s.lacksFields)
}

func (s *apiServer) lacksFields(t *testing.T) {
	s.g = NewWithT(t)
	cs := s.create(t.Context(), "old")
	s.withoutFields(t.Context())
	var kept *v1alpha1.CommitStatus
	s.g.Eventually(func(g Gomega) { // the CRD's new version is served soon
		var err error
		kept, err = applyStatus(t.Context(), s.Client, patchOf(s.get(t.Context(), "old"), onGitLab()))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(kept.Status.ShortSHA).To(BeEmpty())
	}).Should(Succeed())
	s.g.Expect(kept.UID).To(Equal(cs.UID))
	s.g.Expect(kept.Status.Provider.GitLab).To(Equal(&v1alpha1.GitLabHandle{StatusID: 7}))
	s.g.Expect(kept.Status.Phase).To(Equal(v1alpha1.PhaseSuccess))
	again, err := applyStatus(t.Context(), s.Client, patchOf(kept, onGitLab()))
	s.g.Expect(err).NotTo(HaveOccurred())
	s.g.Expect(again.ResourceVersion).To(Equal(kept.ResourceVersion), "nothing changes, so there is no event")
	s.g.Expect(s.warnings.texts).To(BeEmpty())
}

// withoutFields makes the CRD one that lacks two fields.
func (s *apiServer) withoutFields(ctx context.Context) {
	crd := &apiextensionsv1.CustomResourceDefinition{}
	s.g.Expect(s.Client.Get(ctx, types.NamespacedName{Name: "commitstatuses.commit-status.argoproj.io"}, crd)).To(Succeed())
	properties := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["status"].Properties
	delete(properties, "shortSha")
	delete(properties["provider"].Properties["gitlab"].Properties, "pipelineId")
	crd.Spec.Versions[0].AdditionalPrinterColumns = slices.DeleteFunc(crd.Spec.Versions[0].AdditionalPrinterColumns, func(c apiextensionsv1.CustomResourceColumnDefinition) bool {
		return c.JSONPath == ".status.shortSha"
	})
	s.g.Expect(s.Client.Update(ctx, crd)).To(Succeed())
}
