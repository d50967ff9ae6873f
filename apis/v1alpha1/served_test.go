package v1alpha1_test

import (
	"context"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// create makes an object that lives as long as the test.
func create[T client.Object](t *testing.T, object T) T {
	t.Helper()
	g := NewWithT(t)
	g.Expect(api.Create(t.Context(), object)).To(Succeed())
	t.Cleanup(func() { g.Expect(api.Delete(context.WithoutCancel(t.Context()), object)).To(Succeed()) })
	return object
}

func commitStatus(name string) *v1alpha1.CommitStatus {
	return &v1alpha1.CommitStatus{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"},
		Spec: v1alpha1.CommitStatusSpec{
			GitRepoRef: v1alpha1.ObjectReference{Name: "shop"},
			SHA:        hex(40),
			Name:       "hydration-successful",
			Phase:      v1alpha1.PhaseSuccess,
		},
	}
}

// restClient sends requests as they are.
func restClient(t *testing.T) rest.Interface {
	t.Helper()
	c := rest.CopyConfig(config)
	c.GroupVersion = &v1alpha1.GroupVersion
	c.APIPath = "/apis"
	c.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	made, err := rest.RESTClientFor(c)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return made
}

// table asks the API server for what kubectl get prints.
func table(t *testing.T, resource string) *metav1.Table {
	t.Helper()
	g := NewWithT(t)
	table := &metav1.Table{}
	g.Expect(restClient(t).Get().Namespace("default").Resource(resource).
		SetHeader("Accept", "application/json;as=Table;g=meta.k8s.io;v=v1").
		Do(t.Context()).Into(table)).To(Succeed())
	return table
}

// columns are the names of a table's columns, with the wide ones in brackets.
func columns(table *metav1.Table) []string {
	var names []string
	for _, c := range table.ColumnDefinitions {
		if c.Priority > 0 {
			c.Name = "(" + c.Name + ")"
		}
		names = append(names, c.Name)
	}
	return names
}

func TestKubectlGetShowsWhatTheSCMShows(t *testing.T) {
	g := NewWithT(t)
	object := create(t, commitStatus("shown"))
	object.Status = v1alpha1.CommitStatusStatus{
		Repo:     "github.com/acme/shop",
		SHA:      object.Spec.SHA,
		ShortSHA: object.Spec.SHA[:7],
		Phase:    v1alpha1.PhaseFailure,
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonDrifted, LastTransitionTime: metav1.Now(),
		}},
	}
	g.Expect(api.Status().Update(t.Context(), object)).To(Succeed())

	got := table(t, "commitstatuses")
	g.Expect(columns(got)).To(Equal([]string{"Name", "Repo", "Sha", "Check", "Phase", "Synced", "Reason", "Age"}))
	g.Expect(got.Rows).To(HaveLen(1))
	g.Expect(got.Rows[0].Cells).To(HaveExactElements(
		"shown", "github.com/acme/shop", object.Spec.SHA[:7], "hydration-successful", "failure", false, "Drifted", Not(BeEmpty()),
	))
}

func TestKubectlGet_ShowsTheCommitBeforeAnythingIsShownThere(t *testing.T) {
	g := NewWithT(t)
	object := commitStatus("asked")
	object.Labels = map[string]string{"sha": "label", "spec": "label", "status": "label", "shortSha": "label"}
	object = create(t, object)
	sha := func() any {
		got := table(t, "commitstatuses")
		g.Expect(got.Rows).To(HaveLen(1))
		return got.Rows[0].Cells[2]
	}
	g.Expect(sha()).To(Equal(object.Spec.SHA), "no hub has answered")
	object.Status = v1alpha1.CommitStatusStatus{ShortSHA: object.Spec.SHA[:7], Conditions: []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonDenied, LastTransitionTime: metav1.Now(),
	}}}
	g.Expect(api.Status().Update(t.Context(), object)).To(Succeed())
	g.Expect(sha()).To(Equal(object.Spec.SHA[:7]), "it failed early")
	object.Status.Repo, object.Status.SHA, object.Status.ShortSHA = "github.com/acme/shop", strings.Repeat("b", 40), ""
	g.Expect(api.Status().Update(t.Context(), object)).To(Succeed())
	g.Expect(sha()).To(Equal(strings.Repeat("b", 40)), "the member's CRD keeps no shortSha")
}

func TestKubectlGet_NamesNoColumnTwice(t *testing.T) {
	for _, resource := range []string{"commitstatuses", "gitrepos", "scmproviders"} {
		g := NewWithT(t)
		seen := map[string]bool{}
		for _, c := range table(t, resource).ColumnDefinitions {
			g.Expect(seen).NotTo(HaveKey(c.Name), resource)
			seen[c.Name] = true
		}
	}
}

func TestKubectlGetShowsWhereARepositoryIs(t *testing.T) {
	g := NewWithT(t)
	create(t, &v1alpha1.GitRepo{
		ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "default"},
		Spec:       v1alpha1.GitRepoSpec{ScmProviderRef: v1alpha1.ObjectReference{Name: "acme-github"}, Repository: "acme/shop"},
	})
	got := table(t, "gitrepos")
	g.Expect(columns(got)).To(Equal([]string{"Name", "Repository", "Provider", "Age"}))
	g.Expect(got.Rows).To(HaveLen(1))
	g.Expect(got.Rows[0].Cells).To(HaveExactElements("shop", "acme/shop", "acme-github", Not(BeEmpty())))
}

func TestKubectlGetShowsAProvidersBudget(t *testing.T) {
	g := NewWithT(t)
	object := create(t, &v1alpha1.ScmProvider{
		ObjectMeta: metav1.ObjectMeta{Name: "acme-github", Namespace: "default"},
		Spec: v1alpha1.ScmProviderSpec{
			GitHub:    &v1alpha1.GitHubSpec{},
			SecretRef: v1alpha1.ObjectReference{Name: "acme-github-app"},
		},
	})
	remaining := int64(4211)
	until := metav1.NewTime(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	object.Status = v1alpha1.ScmProviderStatus{
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady, LastTransitionTime: metav1.Now(),
		}},
		Installations: []v1alpha1.Installation{{ID: "github.com/app/1/installation/2", Remaining: &remaining, PausedUntil: &until, Queued: 17}},
	}
	g.Expect(api.Status().Update(t.Context(), object)).To(Succeed())

	got := table(t, "scmproviders")
	g.Expect(columns(got)).To(Equal([]string{"Name", "Ready", "Reason", "Remaining", "Paused-Until", "Queued", "(Installation)", "Age"}))
	g.Expect(got.Rows).To(HaveLen(1))
	g.Expect(got.Rows[0].Cells).To(HaveExactElements("acme-github", "True", "Ready", BeNumerically("==", 4211),
		"2026-11-23T10:00:00Z", BeNumerically("==", 17), "github.com/app/1/installation/2", Not(BeEmpty())))
}

func TestKubectlGetShowsOneInstallationAndNoMixOfTwo(t *testing.T) {
	g := NewWithT(t)
	object := create(t, &v1alpha1.ScmProvider{
		ObjectMeta: metav1.ObjectMeta{Name: "acme-github", Namespace: "default"},
		Spec: v1alpha1.ScmProviderSpec{
			GitHub:    &v1alpha1.GitHubSpec{},
			SecretRef: v1alpha1.ObjectReference{Name: "acme-github-app"},
		},
	})
	remaining := int64(4211)
	until := metav1.NewTime(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	object.Status.Installations = []v1alpha1.Installation{
		{ID: "github.com/app/1/installation/2", PausedUntil: &until},
		{ID: "github.com/app/1/installation/3", Remaining: &remaining, Queued: 17},
	}
	g.Expect(api.Status().Update(t.Context(), object)).To(Succeed())

	got := table(t, "scmproviders")
	g.Expect(got.Rows).To(HaveLen(1))
	g.Expect(got.Rows[0].Cells[3:7]).To(HaveExactElements(
		BeNil(), "2026-11-23T10:00:00Z", BeNil(), "github.com/app/1/installation/2"))
}

func TestKindsHaveShortNamesAndACategory(t *testing.T) {
	g := NewWithT(t)
	d, err := discovery.NewDiscoveryClientForConfig(config)
	g.Expect(err).NotTo(HaveOccurred())
	served, err := d.ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
	g.Expect(err).NotTo(HaveOccurred())

	short := map[string][]string{}
	for _, r := range served.APIResources {
		if r.ShortNames != nil {
			short[r.Name] = r.ShortNames
			g.Expect(r.Namespaced).To(BeTrue(), r.Name)
			g.Expect(r.Categories).To(ConsistOf("commit-status"), r.Name)
		}
	}
	g.Expect(short).To(Equal(map[string][]string{"commitstatuses": {"cst"}, "gitrepos": {"grepo"}, "scmproviders": {"scmp"}}))
}

func TestStatusIsWrittenApartFromTheSpec(t *testing.T) {
	g := NewWithT(t)
	object := commitStatus("apart")
	object.Status.Repo = "github.com/written/with-the-spec"
	create(t, object)
	g.Expect(object.Status).To(BeZero(), "a status that comes with a new object is ignored")

	object.Status.Repo = "github.com/written/with-the-spec"
	object.Spec.Phase = v1alpha1.PhaseFailure
	g.Expect(api.Update(t.Context(), object)).To(Succeed())
	g.Expect(object.Status).To(BeZero(), "a status that comes with a spec is ignored")
	g.Expect(object.Generation).To(Equal(int64(2)))

	object.Spec.Phase = v1alpha1.PhaseQueued
	object.Status = v1alpha1.CommitStatusStatus{ObservedGeneration: 2, Repo: "github.com/acme/shop"}
	g.Expect(api.Status().Update(t.Context(), object)).To(Succeed())
	g.Expect(object.Status.Repo).To(Equal("github.com/acme/shop"))
	g.Expect(object.Spec.Phase).To(Equal(v1alpha1.PhaseFailure), "a spec that comes with a status is ignored")
	g.Expect(object.Generation).To(Equal(int64(2)), "a status is no new generation")
}

func TestStatusRoundTripsWhole(t *testing.T) {
	g := NewWithT(t)
	object := create(t, commitStatus("whole"))
	at := metav1.NewTime(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	want := v1alpha1.CommitStatusStatus{
		ObservedGeneration: 1,
		UpdatedAt:          &at,
		IsSynced:           true,
		SyncFailure:        &v1alpha1.SyncFailure{Message: "drift: phase is failure in GitHub, success here"},
		ScmProvider:        "acme-github",
		Repo:               "github.com/acme/shop",
		SHA:                hex(40),
		ShortSHA:           hex(40)[:7],
		Name:               "hydration-successful",
		Description:        "Hydrated 12 apps",
		Phase:              v1alpha1.PhaseSuccess,
		URL:                "https://ci.example.com/run/42",
		Provider: &v1alpha1.ProviderHandle{
			GitHub:              &v1alpha1.GitHubHandle{CheckRunID: 4711, StatusID: 1},
			GitLab:              &v1alpha1.GitLabHandle{StatusID: 4711, PipelineID: 12},
			BitbucketCloud:      &v1alpha1.BitbucketHandle{Key: "hydration"},
			BitbucketDataCenter: &v1alpha1.BitbucketHandle{Key: "hydration"},
			Gitea:               &v1alpha1.GiteaHandle{StatusID: 4711},
		},
		Owner: "prod-eu/team-a/shop",
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced, Message: "shown", ObservedGeneration: 1, LastTransitionTime: at,
		}},
	}
	object.Status = *want.DeepCopy()
	g.Expect(api.Status().Update(t.Context(), object)).To(Succeed())

	got := &v1alpha1.CommitStatus{}
	g.Expect(api.Get(t.Context(), client.ObjectKeyFromObject(object), got)).To(Succeed())
	g.Expect(got.Status.UpdatedAt.Equal(want.UpdatedAt)).To(BeTrue())
	g.Expect(got.Status.Conditions[0].LastTransitionTime.Equal(&at)).To(BeTrue())
	got.Status.UpdatedAt, got.Status.Conditions[0].LastTransitionTime = want.UpdatedAt, at
	g.Expect(got.Status).To(Equal(want))
}
