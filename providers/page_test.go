package providers

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestPage_HoldsAsManyItemsAsAnSCMIsAskedFor(t *testing.T) {
	g := NewWithT(t)
	var answer struct {
		Items Page[struct{ ID int64 }] `json:"items"`
	}
	g.Expect(json.Unmarshal([]byte(`{"items":[{"id":1,"more":[{},{}]},{"id":2}],"other":[1]}`), &answer)).To(Succeed())
	g.Expect(answer.Items).To(HaveLen(2))
	g.Expect(answer.Items[1].ID).To(BeEquivalentTo(2))
	g.Expect(json.Unmarshal([]byte(`{"items":[]}`), &answer)).To(Succeed())
	g.Expect(answer.Items).NotTo(BeNil())
	g.Expect(answer.Items).To(BeEmpty())
	g.Expect(json.Unmarshal([]byte(`{"items":null}`), &answer)).To(Succeed())
	g.Expect(answer.Items).To(BeNil())
	for _, body := range []string{`{"items":{}}`, `{"items":"x"}`, `{"items":[{"id":"x"}]}`} {
		g.Expect(json.Unmarshal([]byte(body), &answer)).NotTo(Succeed(), body)
	}
}

func TestPage_TakesLittleMemoryOfAnAnswerOfEmptyItems(t *testing.T) {
	g := NewWithT(t)
	body := []byte("[" + strings.TrimSuffix(strings.Repeat("{},", 2<<20/3), ",") + "]")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var page Page[struct{ A, B, C, D, E, F string }]
	g.Expect(json.Unmarshal(body, &page)).To(MatchError(ErrNotUnderstood))
	runtime.ReadMemStats(&after)
	g.Expect(after.TotalAlloc - before.TotalAlloc).To(BeNumerically("<", 8<<20))
}
