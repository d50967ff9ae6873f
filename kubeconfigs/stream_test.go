package kubeconfigs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// endless is a body that repeats itself, and how much of it was read.
type endless struct {
	text string
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.text)
	}
	e.read += n
	return n, nil
}

func (*endless) Close() error { return nil }

func TestStreamEvent_EndsAtItsLimit(t *testing.T) {
	for name, text := range map[string]string{
		"one long string":       `x`,
		"lines inside a value":  "{\n",
		"an endless list":       `{"a":1},`,
		"garbage":               "\x00\xff",
		"brackets in strings":   `"}"`,
		"escaped quotes":        `\"}`,
		"nothing but new lines": "\n",
	} {
		for _, field := range []string{"type", "object"} {
			t.Run(name+" as "+field, func(t *testing.T) {
				g := NewWithT(t)
				body := &endless{text: text}
				start := `{"` + field + `":["`
				if text == "{\n" || text == `{"a":1},` {
					start = `{"` + field + `":[`
				}
				s := reading("GitRepo").stream(io.NopCloser(io.MultiReader(strings.NewReader(start), body)))
				_, err := s.event(t.Context())
				g.Expect(err).To(HaveOccurred())
				g.Expect(body.read).To(BeNumerically("<", 2*eventLimit))
			})
		}
	}
}

func TestStreamEvent_ReadsEventsAsTheyAre(t *testing.T) {
	var body strings.Builder
	for n := range 200 {
		r := of(repo(fmt.Sprintf("r-%d", n), fmt.Sprint(n+1)))
		r.Annotations = map[string]string{`a"]}`: `{"\`, v1alpha1.AnnotationRequestedAt: strings.Repeat(`{"\`, 20*n)}
		fmt.Fprintln(&body, happening(t, "MODIFIED", r))
	}
	for _, split := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader} {
		g := NewWithT(t)
		s := reading("GitRepo").stream(io.NopCloser(split(strings.NewReader(body.String()))))
		for n := range 200 {
			e, err := s.event(t.Context())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(e.err).NotTo(HaveOccurred())
			g.Expect(e.kind).To(Equal(watch.Modified))
			g.Expect(e.name.Name).To(Equal(fmt.Sprintf("r-%d", n)))
			g.Expect(e.object.GetAnnotations()).To(Equal(map[string]string{v1alpha1.AnnotationRequestedAt: strings.Repeat(`{"\`, 20*n)}))
		}
		_, err := s.event(t.Context())
		g.Expect(errors.Is(err, io.EOF)).To(BeTrue())
	}
}

func TestStreamEvent_TellsTroubleFromObjectsThatCannotBeRead(t *testing.T) {
	const good = `"apiVersion":"commit-status.argoproj.io/v1alpha1","kind":"GitRepo","metadata":{"name":"a","namespace":"team","uid":"u","resourceVersion":"7"}`
	for text, want := range map[string]struct{ readable, broken bool }{
		`{"type":"ADDED","object":{` + good + `}}`:                                                                        {readable: true},
		`{"object":{` + good + `},"type":"DELETED","more":[{}]}`:                                                          {readable: true},
		`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}`:                                               {},
		`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"nine"}}}`:                                            {broken: true},
		`{"type":"ADDED","object":{` + good + `,"spec":7}}`:                                                               {},
		`{"type":"ADDED","object":{` + good + `,"metadata":{}}}`:                                                          {},
		`{"type":"ADDED","object":{"metadata":[]}}`:                                                                       {},
		`{"type":"ADDED","object":{` + good + `,"status":[` + strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100) + `]}}`: {},
		`{"type":"ADDED","object":{` + strings.Replace(good, "GitRepo", "CommitStatus", 1) + `}}`:                         {broken: true},
		`{"type":"ADDED","object":[]}`:                                                                                    {broken: true},
		`{"type":"ADDED","object":null}`:                                                                                  {broken: true},
		`{"type":"ADDED"}`:                                                                                                {broken: true},
		`{"type":"RENAMED","object":{` + good + `}}`:                                                                      {broken: true},
		`{"type":{},"object":{` + good + `}}`:                                                                             {broken: true},
		`{"object":{` + good + `}}`:                                                                                       {broken: true},
		`nonsense`:                                                                                                        {broken: true},
		`[{}]`:                                                                                                            {broken: true},
	} {
		g := NewWithT(t)
		s := reading("GitRepo").stream(io.NopCloser(strings.NewReader(text + "\n")))
		e, err := s.event(t.Context())
		g.Expect(err != nil).To(Equal(want.broken), "%s: %v", text, err)
		if !want.broken {
			g.Expect(e.err == nil).To(Equal(want.readable), "%s: %v", text, e.err)
			_, err = s.event(t.Context())
			g.Expect(err).To(MatchError(io.EOF), "the watch goes on behind it")
		}
	}
}

func TestStreamEvent_TellsWhatWentWrong(t *testing.T) {
	g := NewWithT(t)
	text, err := json.Marshal(apierrors.NewResourceExpired("too old").Status())
	g.Expect(err).NotTo(HaveOccurred())
	_, err = reading("GitRepo").stream(io.NopCloser(strings.NewReader(`{"type":"ERROR","object":` + string(text) + `}`))).event(t.Context())
	g.Expect(apierrors.IsResourceExpired(err)).To(BeTrue())
	g.Expect(apierrors.ReasonForError(err)).To(Equal(metav1.StatusReasonExpired))
}
