package ledger

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// fat is an object of which a member's users filled whatever they can.
func fat() *v1alpha1.CommitStatus {
	text := strings.Repeat("x", 1<<20)
	texts := map[string]string{"a": text, v1alpha1.AnnotationRequestedAt: text}
	return &v1alpha1.CommitStatus{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "team-a", Name: "build", UID: "1", Labels: texts, Annotations: texts, Finalizers: []string{text},
			GenerateName: text, OwnerReferences: []metav1.OwnerReference{{Name: text}},
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: text}},
		},
		Spec: v1alpha1.CommitStatusSpec{
			GitRepoRef: v1alpha1.ObjectReference{Name: text}, SHA: text, Name: text, Description: text, Phase: v1alpha1.Phase(text), URL: text,
		},
		Status: v1alpha1.CommitStatusStatus{
			ScmProvider: text, Repo: text, SHA: text, ShortSHA: text, Name: text, Description: text, Phase: v1alpha1.Phase(text), URL: text,
			Owner: text, SyncFailure: &v1alpha1.SyncFailure{Message: text},
			Provider:   &v1alpha1.ProviderHandle{BitbucketCloud: &v1alpha1.BitbucketHandle{Key: text}},
			Conditions: []metav1.Condition{{Type: text}, {Type: v1alpha1.ConditionReady, Status: metav1.ConditionStatus(text), Reason: text, Message: text}},
		},
	}
}

func TestOfAnObjectOnlyWhatIsUsedIsKept(t *testing.T) {
	g := NewWithT(t)
	object := fat()
	size := Trim(object)
	g.Expect(size).To(BeNumerically("<", 160_000), "two descriptions of 65 535 characters are allowed")
	g.Expect(object.ManagedFields).To(BeNil())
	g.Expect(object.Labels).To(BeNil())
	g.Expect(object.Finalizers).To(BeNil())
	g.Expect(object.OwnerReferences).To(BeNil())
	g.Expect(object.Annotations).To(HaveLen(1))
	g.Expect(object.Annotations).To(HaveKeyWithValue(v1alpha1.AnnotationRequestedAt, HaveLen(64)))
	g.Expect(object.Status.Conditions).To(HaveExactElements(HaveField("Type", v1alpha1.ConditionReady), Equal(metav1.Condition{Type: othersCondition})))
	g.Expect(Trim(object)).To(Equal(size), "there is nothing left to take")

	other := fat()
	other.Annotations[v1alpha1.AnnotationRequestedAt] += "y"
	Trim(other)
	g.Expect(other.Annotations).NotTo(Equal(object.Annotations), "whether it changes is seen all the same")
}

func TestWhatIsTooLongStaysInvalidWhenItIsShortened(t *testing.T) {
	good := v1alpha1.CommitStatusSpec{SHA: testSHA, Name: "build", Phase: v1alpha1.PhaseSuccess, URL: "https://ci.example.com/"}
	for name, spoil := range map[string]func(*v1alpha1.CommitStatusSpec){
		"sha":         func(s *v1alpha1.CommitStatusSpec) { s.SHA = strings.Repeat(testSHA, 100) },
		"name":        func(s *v1alpha1.CommitStatusSpec) { s.Name = strings.Repeat("é", maxName+100) },
		"description": func(s *v1alpha1.CommitStatusSpec) { s.Description = strings.Repeat("é", maxDescription+100) },
		"phase":       func(s *v1alpha1.CommitStatusSpec) { s.Phase = v1alpha1.Phase(strings.Repeat("success", 1000)) },
		"url":         func(s *v1alpha1.CommitStatusSpec) { s.URL += strings.Repeat("a", maxURL) },
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			object := &v1alpha1.CommitStatus{Spec: good}
			Trim(object)
			g.Expect(object.Spec).To(Equal(good))

			spoil(&object.Spec)
			Trim(object)
			g.Expect(checkSpec(object.Spec)).To(HaveField("Reason", v1alpha1.ReasonInvalid))
		})
	}
}

func TestEqualTextsTakeMemoryOnce(t *testing.T) {
	g := NewWithT(t)
	made := func() *v1alpha1.CommitStatus {
		text := strings.Repeat("Hydrated ", 30)
		return &v1alpha1.CommitStatus{
			ObjectMeta: metav1.ObjectMeta{Namespace: strings.Clone("team-a"), Name: "build"},
			Spec:       v1alpha1.CommitStatusSpec{Name: strings.Clone("build"), SHA: testSHA, Description: text, URL: "https://ci.example.com/"},
			Status: v1alpha1.CommitStatusStatus{
				Name: strings.Clone("build"), URL: strings.Clone("https://ci.example.com/"), SHA: strings.Clone(testSHA), ShortSHA: strings.Clone(testSHA[:7]), Description: strings.Clone(text),
				Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Message: strings.Clone("github.com shows success")}},
			},
		}
	}
	a, b := made(), made()
	want := a.DeepCopy()
	Trim(a)
	Trim(b)
	g.Expect(a).To(Equal(want))
	g.Expect(unsafe.StringData(a.Status.Description)).To(BeIdenticalTo(unsafe.StringData(a.Spec.Description)))
	g.Expect(unsafe.StringData(a.Status.SHA)).To(BeIdenticalTo(unsafe.StringData(a.Spec.SHA)))
	g.Expect(unsafe.StringData(a.Status.ShortSHA)).To(BeIdenticalTo(unsafe.StringData(a.Spec.SHA)))
	g.Expect(unsafe.StringData(a.Status.Name)).To(BeIdenticalTo(unsafe.StringData(a.Name)))
	g.Expect(unsafe.StringData(a.Status.URL)).To(BeIdenticalTo(unsafe.StringData(a.Spec.URL)))
	g.Expect(unsafe.StringData(a.Namespace)).To(BeIdenticalTo(unsafe.StringData(b.Namespace)))
	g.Expect(unsafe.StringData(a.Status.Conditions[0].Message)).To(BeIdenticalTo(unsafe.StringData(b.Status.Conditions[0].Message)))
}

func TestARepositoryThatIsTooLongIsNone(t *testing.T) {
	g := NewWithT(t)
	repo := &v1alpha1.GitRepo{Spec: v1alpha1.GitRepoSpec{Repository: "acme/" + strings.Repeat("a", 10_000)}}
	Trim(repo)
	g.Expect(len(repo.Spec.Repository)).To(BeNumerically("<=", maxPath+1))
	_, err := claimOf(idIn("eu"), testStatus(), repo, testSCM(allowAll()), "hub")
	g.Expect(err).To(HaveField("Reason", v1alpha1.ReasonInvalid))
}

// texts calls do with each text that a value holds, keys of maps included.
func texts(v reflect.Value, do func(string)) {
	switch v.Kind() {
	case reflect.String:
		do(v.String())
	case reflect.Pointer:
		if !v.IsNil() {
			texts(v.Elem(), do)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			texts(field, do)
		}
	case reflect.Slice:
		for i := range v.Len() {
			texts(v.Index(i), do)
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			texts(key, do)
			texts(value, do)
		}
	}
}

// fill sets all that a value can hold to long texts.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[metav1.Time]() {
			return
		}
		for _, field := range v.Fields() {
			fill(field, text)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range 3 {
			fill(v.Index(i), text)
		}
	}
}

func TestSlim_CountsAllThatIsKept(t *testing.T) {
	for _, object := range []client.Object{&v1alpha1.CommitStatus{}, &v1alpha1.GitRepo{}} {
		g := NewWithT(t)
		fill(reflect.ValueOf(object).Elem(), strings.Repeat("é", 300_000))
		object.SetNamespace("team-a")
		object.SetName("build")
		object.SetUID("b1946ac9-0000-4000-8000-000000000001")
		object.SetResourceVersion("4711")
		object.SetAnnotations(map[string]string{v1alpha1.AnnotationRequestedAt: "now", "other": strings.Repeat("x", 1000)})
		if status, ok := object.(*v1alpha1.CommitStatus); ok {
			status.Status.Conditions[1].Type = v1alpha1.ConditionReady
		}
		object.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{}) // a member's cache has none
		size := Trim(object)
		kept := -len(v1alpha1.AnnotationRequestedAt)
		texts(reflect.ValueOf(object), func(text string) {
			kept += len(text)
			g.Expect(len(text)).To(BeNumerically("<=", 2*(maxDescription+1)))
		})
		g.Expect(size).To(Equal(kept))
	}
}
