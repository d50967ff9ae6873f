package kubeconfigs

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	. "github.com/onsi/gomega"
)

func TestScannerValue_EndsWhereTheValueDoes(t *testing.T) {
	for text, rest := range map[string]string{
		`{"a":[1,"]}\"",{}]},1`: ",1", `[]]`: "]", `"a\\"b`: "b", `12 ,`: " ,", `true}`: "}", `null`: "", `  -1.5e3]`: "]", `"é\u0022"`: "",
	} {
		for _, read := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader} {
			g := NewWithT(t)
			s := newScanner(read(strings.NewReader(text)), 16)
			k := kept{limit: 100}
			g.Expect(s.value(&k)).To(Succeed(), text)
			g.Expect(k.err).NotTo(HaveOccurred())
			left, err := io.ReadAll(s.in)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(left)).To(Equal(rest), text)
			g.Expect(strings.TrimSpace(text)).To(Equal(string(k.bytes)+rest), text)
		}
	}
}

func TestScannerValue_RefusesWhatIsNone(t *testing.T) {
	for _, text := range []string{``, `,`, `]`, `{"a":1`, `"a`, `[`, `{]`[:1]} {
		g := NewWithT(t)
		g.Expect(newScanner(strings.NewReader(text), 16).skip()).NotTo(Succeed(), text)
	}
}

func TestScannerValue_KeepsNoMoreThanIsAllowed(t *testing.T) {
	for text, want := range map[string]error{
		`"` + strings.Repeat("x", 100) + `"`:                      errTooLarge,
		`[` + strings.Repeat(`{},`, 20) + `{}]`:                   errTooMany,
		`{` + strings.Repeat(`"a":1,`, 12) + `"a":1}`:             errTooMany,
		strings.Repeat(`[`, 6) + strings.Repeat(`]`, 6):           errTooMany,
		`[{"a":[1,2]},"[[[[[[[,,,,,,,,,,,,,,,,,,,,,,,,,"]`:        nil,
		strings.Repeat(`{"a":`, 5) + `1` + strings.Repeat(`}`, 5): nil,
	} {
		g := NewWithT(t)
		s := newScanner(strings.NewReader(text+","), 16)
		k := kept{limit: 90, values: 10, depth: 5}
		g.Expect(s.value(&k)).To(Succeed())
		if want == nil {
			g.Expect(k.err).NotTo(HaveOccurred(), text)
		} else {
			g.Expect(k.err).To(MatchError(want), text)
		}
		g.Expect(len(k.bytes)).To(BeNumerically("<=", 90))
		b, err := s.next()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(b).To(BeEquivalentTo(','), "what is not kept is passed over all the same")
	}
}

func TestReadList_TakesAnyOrderOfFields(t *testing.T) {
	for _, text := range []string{
		`{"apiVersion":"v1","items":[{},[],1],"kind":"AList","metadata":{"continue":"more","resourceVersion":"7","remainingItemCount":3}}`,
		`{"metadata":{"resourceVersion":"7","continue":"more"},"\u006bind":"AList","other":{"items":[1]},"items":null,"apiVersion":"v1"}` + "\n",
	} {
		g := NewWithT(t)
		head, err := readList(newScanner(strings.NewReader(text), 16), (*scanner).skip)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(head).To(Equal(listHead{apiVersion: "v1", kind: "AList", version: "7", next: "more"}))
	}
}

func TestCheckList_ReadsNoItems(t *testing.T) {
	g := NewWithT(t)
	list := func(version, items string) string {
		return `{"apiVersion":"commit-status.argoproj.io/v1alpha1","items":` + items + `,"kind":"GitRepoList","metadata":{"resourceVersion":"` + version + `"}}`
	}
	version, err := checkList(strings.NewReader(list("637", `[{"metadata":7},{},[[[]]]]`)), "GitRepoList")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(version).To(Equal("637"))

	for name, text := range map[string]string{
		"is no list":              `[]`,
		"is cut off":              list("1", `[]`)[:90],
		"goes on":                 list("1", `[]`) + `{}`,
		"is of another kind":      strings.Replace(list("1", `[]`), "GitRepoList", "CommitStatusList", 1),
		"has no version":          list("", `[]`),
		"has a version of words":  list("new", `[]`),
		"has an endless version":  list(strings.Repeat("1", 1000), `[]`),
		"has an endless continue": strings.Replace(list("1", `[]`), `"resourceVersion"`, `"continue":"`+strings.Repeat("x", 10_000)+`","resourceVersion"`, 1),
	} {
		_, err := checkList(strings.NewReader(text), "GitRepoList")
		g.Expect(err).To(HaveOccurred(), name)
	}
}
