package syncer_test

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// foreign are bodies that no SCM here sends with a refusal.
var foreign = []string{
	"", "Forbidden", "<html>Forbidden</html>", "{}", "[]", "null", `"denied"`, `{"statusCode":403,"reason":"denied"}`,
	`{"errors":[{"status":"403","title":"Forbidden"}]}`, `{"errors":[{}]}`, `{"error":{"code":403,"status":"denied"}}`, `{"message":""}`, `{"message":null}`,
}

func TestRefusedCredential_IsNoneInAForeignForm(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, says own) {
		check := func(w *scmWorld, n, status int, body string) {
			phase := []v1alpha1.Phase{v1alpha1.PhaseSuccess, v1alpha1.PhaseFailure}[n%2]
			w.refuse(status, body)
			w.want("build-0", phase)
			w.run(30 * time.Second)
			w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonUnavailable), "%d %s", status, body)
			w.ClearFaults()
			w.run(2 * time.Minute)
			w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonSynced), "%d %s", status, body)
		}
		for _, status := range []int{400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 411, 412, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 451, 494} {
			w := start() // an SCM has the more to say the more was written
			for n, body := range foreign {
				check(w, n, status, body)
			}
		}
		for _, status := range []int{407, 421} { // are about the way to the SCM, whoever's words they have
			w := start()
			for n, body := range []string{says.unauthorized, says.forbidden, says.gone} {
				check(w, n, status, body)
			}
		}
	})
}

// GitHub repeats what it refuses.
func TestRefusedContent_ThatIsRepeatedAtLengthIsInvalid(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, _ own) {
		w := start()
		w.refuse(422, `{"message":"`+strings.Repeat("x", 1<<17)+`"}`)
		w.want("build-0", v1alpha1.PhaseSuccess)
		w.run(5 * time.Minute)
		w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonInvalid))
	})
}
