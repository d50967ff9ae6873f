package github

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestAnswer_TakesNoMemoryForWhatIsNotUsed(t *testing.T) {
	many := "[" + strings.TrimSuffix(strings.Repeat("{},", 2<<20/3), ",") + "]"
	run := `{"id":7,"name":"x","status":"queued","pull_requests":` + many + `,"app":{"id":1,"events":` + many + `,"permissions":{}},"output":{"images":` + many + `}}`
	for name, into := range map[string]any{
		`{"check_runs":[` + run + `]}`: &checkRuns{},
		run:                            &checkRun{},
		`{"id":7,"state":"success","creator":{"id":1,"plans":` + many + `}}`: &commitStatus{},
	} {
		g := NewWithT(t)
		body := []byte(name)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		g.Expect(json.Unmarshal(body, into)).To(Succeed())
		runtime.ReadMemStats(&after)
		g.Expect(after.TotalAlloc-before.TotalAlloc).To(BeNumerically("<", 32<<20), "%T", into)
	}
}
