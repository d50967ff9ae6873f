package kubeconfigs

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// reading reads objects of a kind, of which nothing is dropped.
func reading(kind string) *objects {
	return &objects{
		codec: newCodec(clusters.Scheme()), kind: v1alpha1.GroupVersion.WithKind(kind), keep: func(client.Object) int { return 0 },
	}
}

// listOf is a list of GitRepos as JSON.
func listOf(items string) string {
	return `{"apiVersion":"commit-status.argoproj.io/v1alpha1","items":` + items + `,"kind":"GitRepoList","metadata":{"resourceVersion":"7"}}`
}

func TestPage_IsOneOfWhatWasAskedFor(t *testing.T) {
	const item = `{"metadata":{"name":"a","namespace":"team","uid":"u","resourceVersion":"7"}}`
	for name, tc := range map[string]struct {
		body     string
		items    int
		readable int
		err      string
	}{
		"a list":                  {body: listOf(`[` + item + `,` + item + `]`), items: 2, readable: 2},
		"an empty list":           {body: listOf(`[]`)},
		"no list at all":          {body: listOf(`null`)},
		"items that are none":     {body: listOf(`[{},7,` + item + `,null,[]]`), items: 5, readable: 1},
		"more than was asked for": {body: listOf(`[{},{},{},{},{},{}]`), err: errTooMany.Error()},
		"a list of other things":  {body: strings.Replace(listOf(`[`+item+`]`), "GitRepoList", "CommitStatusList", 1), err: "CommitStatusList"},
		"a status":                {body: `{"apiVersion":"v1","kind":"Status","status":"Failure","message":"no"}`, err: "Status"},
		"no kind":                 {body: `{"items":[]}`, err: "is not a GitRepoList"},
		"a list of another age":   {body: strings.Replace(listOf(`[]`), "v1alpha1", "v1", 1), err: "is not a GitRepoList"},
		"no JSON":                 {body: `<html>`, err: "reading a list"},
		"half of it":              {body: listOf(`[` + item)[:100], err: "reading a list"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			page, err := reading("GitRepo").whole(t.Context(), strings.NewReader(tc.body), 5)
			if tc.err != "" {
				g.Expect(err).To(MatchError(ContainSubstring(tc.err)))
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(page.objects).To(HaveLen(tc.items))
			readable := 0
			for _, f := range page.objects {
				if f.err == nil {
					readable++
				}
			}
			g.Expect(readable).To(Equal(tc.readable))
		})
	}
}

func TestPage_HandsOnAnObjectBeforeTheNextIsRead(t *testing.T) {
	g := NewWithT(t)
	const item = `{"metadata":{"name":"a","namespace":"team","uid":"u","resourceVersion":"7"}}`
	first, _, _ := strings.Cut(listOf(`[`+item+`,`+item+`]`), item)
	taken := make(chan struct{}, 1)
	reader, writer := io.Pipe()
	go func() {
		_, _ = io.WriteString(writer, first+item+","+strings.Repeat(" ", pageBuffer))
		select {
		case <-taken:
			_ = writer.CloseWithError(errTooLarge)
		case <-time.After(10 * time.Second):
			_ = writer.Close()
		}
	}()
	_, err := reading("GitRepo").page(t.Context(), reader, 5, func(found) error {
		taken <- struct{}{}
		return nil
	})
	g.Expect(err).To(MatchError(errTooLarge))
}

func TestPage_EndsWhereAnObjectIsNotTaken(t *testing.T) {
	g := NewWithT(t)
	const item = `{"metadata":{"name":"a","namespace":"team","uid":"u","resourceVersion":"7"}}`
	full := errors.New("full")
	_, err := reading("GitRepo").page(t.Context(), strings.NewReader(listOf(`[`+item+`,`+item+`]`)), 5, func(found) error { return full })
	g.Expect(err).To(MatchError(full))
}

func TestPage_LeavesOutWhatKubernetesWouldRefuse(t *testing.T) {
	good := map[string]string{"name": `"a.b-1"`, "namespace": `"team"`, "uid": `"0f3c"`, "resourceVersion": `"7"`, "creationTimestamp": `"2026-11-23T10:00:00Z"`}
	item := func(field, value string) string {
		var fields []string
		for name, ok := range good {
			if name == field {
				ok = value
			}
			fields = append(fields, `"`+name+`":`+ok)
		}
		return `{"metadata":{` + strings.Join(fields, ",") + `}}`
	}
	long := func(n int) string { return `"` + strings.Repeat("a", n) + `"` }
	for field, values := range map[string][]string{
		"name":              {`""`, `"A"`, `"a b"`, `"a/b"`, `"a\u0000"`, `"-a"`, `"é"`, `7`, `null`, `{}`, long(254), long(4 << 20)},
		"namespace":         {`""`, `"Team"`, `"a.b"`, `"a/b"`, `7`, long(64), long(1 << 20)},
		"uid":               {`""`, `"a b"`, `"a\n"`, `"\u001b[2J"`, `"é"`, `7`, long(uidLimit + 1)},
		"resourceVersion":   {`""`, `"0"`, `"07"`, `"-1"`, `"seven"`, `"7 "`, `7`, `"` + strings.Repeat("7", 33) + `"`},
		"creationTimestamp": {`"yesterday"`, `7`, `"2026-11-23t10:00:00z"`, `"99999-01-01T00:00:00Z"`},
		"generation":        {`-1`, `"1"`, `1e99`},
	} {
		for _, value := range values {
			g := NewWithT(t)
			text := item(field, value)
			if field == "generation" {
				text = strings.Replace(text, `{"metadata":{`, `{"metadata":{"generation":`+value+`,`, 1)
			}
			page, err := reading("GitRepo").whole(t.Context(), strings.NewReader(listOf(`[`+text+`,`+item("", "")+`]`)), 5)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(page.objects[0].err).To(HaveOccurred(), "%s: %.50s", field, value)
			g.Expect(page.objects[0].object).To(BeNil())
			g.Expect(page.objects[1].err).NotTo(HaveOccurred())
			g.Expect(page.objects[1].name.String()).To(Equal("team/a.b-1"))
		}
	}
}

func TestPage_IsOfTheNamespaceThatWasAskedFor(t *testing.T) {
	g := NewWithT(t)
	o := reading("GitRepo")
	o.namespace = "team"
	in := func(namespace string) string {
		return `{"metadata":{"name":"a","namespace":"` + namespace + `","uid":"u","resourceVersion":"7"}}`
	}
	page, err := o.whole(t.Context(), strings.NewReader(listOf(`[`+in("team")+`,`+in("other")+`]`)), 5)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(page.objects[0].err).NotTo(HaveOccurred())
	g.Expect(page.objects[1].err).To(HaveOccurred())
	g.Expect(page.objects[1].name.Name).To(BeEmpty(), "nobody in that namespace is named for it")
}

func TestPage_TakesWhatAnAPIServerHoldsAndNothingLarger(t *testing.T) {
	for name, tc := range map[string]struct {
		annotation, spec int
		taken            bool
	}{
		"all annotations that an API server takes": {256 << 10, 1 << 20, true},
		"as much as etcd takes":                    {0, 3<<19 - 1<<10, true},
		"a request that is too large":              {metadataLimit, 0, false},
		"too large a spec":                         {0, objectLimit - metadataLimit, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			text := `{"spec":{"repository":"` + strings.Repeat("x", tc.spec) + `"},"metadata":{"annotations":{"a":"` + strings.Repeat("x", objectLimit) +
				`","` + v1alpha1.AnnotationRequestedAt + `":"` + strings.Repeat("x", tc.annotation) + `"},"labels":{"a":"` + strings.Repeat("x", objectLimit) + `"},"name":"a","namespace":"team","uid":"u","resourceVersion":"7"}}`
			page, err := reading("GitRepo").whole(t.Context(), strings.NewReader(listOf(`[`+text+`]`)), 5)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(page.objects[0].err == nil).To(Equal(tc.taken))
			g.Expect(page.objects[0].name.String()).To(Equal("team/a"))
		})
	}
}

func TestPage_LeavesOutAnObjectOfTooManyOrTooDeepValues(t *testing.T) {
	const metadata = `"metadata":{"name":"a","namespace":"team","uid":"u","resourceVersion":"7"}`
	conditions := func(n int) string {
		return `{` + metadata + `,"status":{"conditions":[{}` + strings.Repeat(`,{}`, n-1) + `]}}`
	}
	deep := func(n int) string {
		return `{` + metadata + `,"spec":{"extra":` + strings.Repeat(`[`, n) + strings.Repeat(`]`, n) + `}}`
	}
	for name, tc := range map[string]struct {
		text string
		err  error
	}{
		"many values":       {conditions(valuesLimit/2 - 100), nil}, // an element and the comma before it count as two
		"too many values":   {conditions(valuesLimit + 100), errTooMany},
		"deep values":       {deep(depthLimit - 5), nil},
		"too deep values":   {deep(depthLimit + 5), errTooMany},
		"many in each part": {strings.Replace(conditions(valuesLimit/2-100), `"status"`, `"spec":[`+strings.Repeat(`1,`, valuesLimit/2)+`1],"status"`, 1), errTooMany},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			page, err := reading("CommitStatus").whole(t.Context(), strings.NewReader(strings.ReplaceAll(listOf(`[`+tc.text+`]`), "GitRepo", "CommitStatus")), 5)
			g.Expect(err).NotTo(HaveOccurred())
			if tc.err == nil {
				g.Expect(page.objects[0].err).NotTo(HaveOccurred())
				return
			}
			g.Expect(page.objects[0].err).To(MatchError(tc.err))
			g.Expect(page.objects[0].name).To(Equal(called("team", "a")))
		})
	}
}

func TestPage_LeavesOutALargeObjectWhileManyAreRead(t *testing.T) {
	g := NewWithT(t)
	o := reading("GitRepo")
	text := func(size int) string {
		return listOf(`[{"metadata":{"name":"a","namespace":"team","uid":"u","resourceVersion":"7"},"spec":{"repository":"` + strings.Repeat("x", size) + `"}}]`)
	}
	read := func(size int) found {
		page, err := o.whole(t.Context(), strings.NewReader(text(size)), 5)
		g.Expect(err).NotTo(HaveOccurred())
		return page.objects[0]
	}
	g.Expect(o.codec.large.TryAcquire(largeAtOnce)).To(BeTrue())
	crowded := read(largeObject)
	g.Expect(crowded.err).To(MatchError(errCrowded))
	g.Expect(crowded.name).To(Equal(called("team", "a")))
	g.Expect(read(largeObject / 2).err).NotTo(HaveOccurred())
	o.codec.large.Release(1)
	for range 2 {
		g.Expect(read(largeObject).err).NotTo(HaveOccurred())
	}
}

func TestPage_KnowsTheNameOfWhatCannotBeRead(t *testing.T) {
	const metadata = `"metadata":{"name":"a","namespace":"team","uid":"u","resourceVersion":"7"}`
	for _, text := range []string{
		`{` + metadata + `,"spec":{"repository":7}}`,
		`{"spec":{"repository":7},` + metadata + `}`,
		`{` + metadata + `,"spec":{"repository":"` + strings.Repeat("x", 3<<20) + `"}}`,
		`{"spec":{"repository":"` + strings.Repeat("x", 3<<20) + `"},` + metadata + `}`,
		`{` + metadata + `,"status":[` + strings.Repeat(`{},`, 1<<20) + `{}]}`,
		`{` + metadata + `,"kind":"CommitStatus","apiVersion":"v1"}`,
		`{` + strings.Replace(metadata, `"name"`, `"annotations":{"`+v1alpha1.AnnotationRequestedAt+`":"`+strings.Repeat("x", 3<<20)+`"},"name"`, 1) + `}`,
		`{` + strings.Replace(metadata, `"name"`, `"annotations":["`+strings.Repeat("x", 3<<20)+`"],"name"`, 1) + `}`,
	} {
		g := NewWithT(t)
		page, err := reading("GitRepo").whole(t.Context(), strings.NewReader(listOf(`[`+text+`]`)), 5)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(page.objects).To(HaveLen(1))
		g.Expect(page.objects[0].err).To(HaveOccurred(), "%.100s", text)
		g.Expect(page.objects[0].name.String()).To(Equal("team/a"), "%.100s", text)
		g.Expect(page.objects[0].version).To(Equal("7"), "a watch goes on from there")
	}
}

// A user gives an object as many annotations as an API server takes. Only one is read.
func TestPage_ReadsAnObjectWithManyAnnotations(t *testing.T) {
	for _, many := range []int{9_998, 10_000, 20_000} {
		g := NewWithT(t)
		var annotations []string
		for n := range many {
			annotations = append(annotations, fmt.Sprintf(`"a%d":""`, n)) // 60 KiB in all: Kubernetes takes 256 KiB
		}
		item := `{"apiVersion":"commit-status.argoproj.io/v1alpha1","kind":"GitRepo","metadata":{"annotations":{` + strings.Join(annotations, ",") +
			`,"` + v1alpha1.AnnotationRequestedAt + `":"now"},"creationTimestamp":"2026-11-23T10:00:00Z","generation":1,"name":"a","namespace":"team","resourceVersion":"7","uid":"u"}}`
		page, err := reading("GitRepo").whole(t.Context(), strings.NewReader(listOf(`[`+item+`]`)), 5)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(page.objects[0].err).NotTo(HaveOccurred())
		g.Expect(page.objects[0].object.GetName()).To(Equal("a"))
		g.Expect(page.objects[0].object.GetAnnotations()).To(Equal(map[string]string{v1alpha1.AnnotationRequestedAt: "now"}))
	}
}

func TestPage_KeepsNoMoreOfAnnotationsThatComeAgainAndAgain(t *testing.T) {
	g := NewWithT(t)
	text := `{"metadata":{` + strings.Repeat(`"annotations":{},`, 100_000) + `"name":"a","namespace":"team","resourceVersion":"7","uid":"u"}}`
	page, err := reading("GitRepo").whole(t.Context(), strings.NewReader(listOf(`[`+text+`]`)), 5)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(page.objects[0].err).To(MatchError(errTwoFields))
	g.Expect(page.objects[0].name).To(Equal(called("team", "a")))
}

func TestPage_TakesNoAnnotationsThatAreNone(t *testing.T) {
	for text, taken := range map[string]bool{`null`: true, `{}`: true, `7`: false, `["a"]`: false, `"a"`: false, `{"a":7}`: true, `{"` + v1alpha1.AnnotationRequestedAt + `":7}`: false} {
		g := NewWithT(t)
		item := `{"metadata":{"annotations":` + text + `,"name":"a","namespace":"team","resourceVersion":"7","uid":"u"}}`
		page, err := reading("GitRepo").whole(t.Context(), strings.NewReader(listOf(`[`+item+`]`)), 5)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(page.objects[0].err == nil).To(Equal(taken), text)
	}
}
