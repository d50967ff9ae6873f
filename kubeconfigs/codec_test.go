package kubeconfigs

import (
	"io"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

var commitStatus = v1alpha1.GroupVersion.WithKind("CommitStatus")

func TestOnlyAListOfWhatWasAskedForIsRead(t *testing.T) {
	const version = `"apiVersion":"commit-status.argoproj.io/v1alpha1"`
	for name, tc := range map[string]struct {
		body  string
		items int
		err   string
	}{
		"a list":                 {body: `{` + version + `,"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}],"kind":"CommitStatusList"}`, items: 2},
		"an empty list":          {body: `{` + version + `,"items":[],"kind":"CommitStatusList"}`},
		"a list of other things": {body: `{` + version + `,"items":[{"metadata":{"name":"a"}}],"kind":"GitRepoList"}`, err: "GitRepoList"},
		"a status":               {body: `{"apiVersion":"v1","kind":"Status","status":"Failure","message":"no"}`, err: "Status"},
		"no kind":                {body: `{"items":[]}`, err: "is not a CommitStatusList"},
		"a list of another age":  {body: `{"apiVersion":"commit-status.argoproj.io/v1","items":[],"kind":"CommitStatusList"}`, err: "is not a CommitStatusList"},
		"no JSON":                {body: `<html>`, err: "reading a list"},
		"half of it":             {body: `{` + version + `,"items":[{"meta`, err: "reading a list"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			list, err := newCodec(clusters.Scheme()).list([]byte(tc.body), commitStatus)
			if tc.err != "" {
				g.Expect(err).To(MatchError(ContainSubstring(tc.err)))
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(apimeta.LenList(list)).To(Equal(tc.items))
		})
	}
}

func TestAWatchIsReadAsWhatItTellsOf(t *testing.T) {
	g := NewWithT(t)
	body := strings.Join([]string{
		`{"type":"ADDED","object":{"apiVersion":"commit-status.argoproj.io/v1alpha1","kind":"CommitStatus","metadata":{"name":"a"}}}`,
		`{"type":"MODIFIED","object":{"apiVersion":"commit-status.argoproj.io/v1alpha1","kind":"GitRepo","metadata":{"name":"b"}}}`,
		`{"type":"ERROR","object":{"apiVersion":"v1","kind":"Status","code":410,"reason":"Expired"}}`,
		`{"type":"ADDED","object":{"apiVersion":"v7","kind":"Strange"}}`,
	}, "\n")
	stream := newCodec(clusters.Scheme()).stream(io.NopCloser(strings.NewReader(body)), commitStatus)
	defer stream.Close()

	kind, object, err := stream.Decode()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(kind).To(Equal(watch.Added))
	g.Expect(object).To(HaveField("Name", "a"))
	g.Expect(object).To(BeAssignableToTypeOf(&v1alpha1.CommitStatus{}))

	_, object, err = stream.Decode()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(object).To(BeAssignableToTypeOf(&v1alpha1.GitRepo{}), "what it is, not what was expected")

	kind, object, err = stream.Decode()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(kind).To(Equal(watch.Error))
	g.Expect(object).To(HaveField("Reason", metav1.StatusReasonExpired))

	_, _, err = stream.Decode()
	g.Expect(err).To(HaveOccurred())
}
