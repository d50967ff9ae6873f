package kubeconfigs

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

func TestAnErrorSaysWhatIsWrongWithTheMember(t *testing.T) {
	resource := v1alpha1.GroupVersion.WithResource("commitstatuses").GroupResource()
	for name, test := range map[string]struct {
		err    error
		state  State
		reason string
	}{
		"none":          {nil, Connected, ReasonConnected},
		"refused":       {refuse(ExecForbidden, "no"), Refused, ExecForbidden},
		"unauthorized":  {apierrors.NewUnauthorized("no"), Denied, ReasonUnauthorized},
		"forbidden":     {apierrors.NewForbidden(resource, "", errors.New("no")), Denied, ReasonForbidden},
		"no CRDs":       {apierrors.NewNotFound(resource, ""), Incomplete, ReasonCRDsMissing},
		"late":          {&late{}, Unreachable, ReasonTimedOut},
		"server error":  {apierrors.NewGenericServerResponse(http.StatusBadGateway, "GET", resource, "", "", 0, true), Unreachable, ReasonUnavailable},
		"anything else": {errors.New("connection refused"), Unreachable, ReasonUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			health := diagnose(test.err)
			g.Expect(health.State).To(Equal(test.state))
			g.Expect(health.Reason).To(Equal(test.reason))
			g.Expect(health.Message).NotTo(BeEmpty())
		})
	}
}

func TestAMembersWordsAreCutToOneShortLine(t *testing.T) {
	g := NewWithT(t)
	message := diagnose(errors.New("a\x1b[2Jb\n" + strings.Repeat("ü", 1000))).Message
	g.Expect(message).To(HavePrefix("a [2Jb ü"))
	g.Expect(utf8.RuneCountInString(message)).To(Equal(messageLimit))
}
