package kubeconfigs

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// FuzzObjects reads lists and watches of whatever a member may send. What is let in is an
// object that Kubernetes could have, and as encoding/json reads it.
func FuzzObjects(f *testing.F) {
	const good = `{"apiVersion":"commit-status.argoproj.io/v1alpha1","kind":"GitRepo","metadata":{"name":"a","namespace":"team","uid":"u","resourceVersion":"7"},"spec":{"repository":"acme/shop"}}`
	for _, seed := range []string{
		listOf(`[` + good + `,{},null,[7]]`), `{"type":"ADDED","object":` + good + `}`, listOf(`[` + good + `]`)[:80],
		`{"type":"ERROR","object":{"kind":"Status","code":410}}`, strings.Replace(listOf(`[`+good+`]`), `"name"`, `"\u006eame"`, 1),
		strings.Replace(good, `"a"`, `"\ud800"`, 1), `{"items":[` + strings.Repeat(`[`, 100), `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}`,
	} {
		f.Add(seed)
	}
	o := reading("GitRepo")
	o.keep = func(client.Object) int { return 0 }
	f.Fuzz(func(t *testing.T, text string) {
		page, err := o.whole(t.Context(), strings.NewReader(text), 100)
		if err == nil {
			if !json.Valid([]byte(text)) && strings.TrimSpace(text) == "" {
				t.Error("nothing is no list")
			}
			for _, found := range page.objects {
				sane(t, found)
			}
		}
		s := o.stream(io.NopCloser(strings.NewReader(text)))
		for {
			e, err := s.event(t.Context())
			if err != nil {
				break
			}
			sane(t, e.found)
		}
	})
}

// sane checks what is let in.
func sane(t *testing.T, f found) {
	t.Helper()
	if (f.object == nil) == (f.err == nil) {
		t.Fatalf("an object, or why not: %v, %v", f.object, f.err)
	}
	if f.object == nil {
		return
	}
	if err := validName(f.object, ""); err != nil {
		t.Error(err)
	}
	if err := validMetadata(f.object); err != nil {
		t.Error(err)
	}
	text, err := json.Marshal(f.object)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &v1alpha1.GitRepo{}); err != nil {
		t.Errorf("%s: %v", text, err)
	}
	if f.name != client.ObjectKeyFromObject(f.object) || f.version != f.object.GetResourceVersion() {
		t.Error("it is another object than it is called")
	}
}
