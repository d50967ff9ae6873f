package publish

import (
	"context"
	"errors"
	"net/http"
	"testing"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// refusedWith is an error as an API server makes it.
func refusedWith(code int32, reason metav1.StatusReason, message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message}}
}

// unauthorizedPatch is what RBAC says.
func unauthorizedPatch() error {
	return apierrors.NewForbidden(schema.GroupResource{Group: "commit-status.argoproj.io", Resource: "commitstatuses"}, "build", errors.New(
		`User "system:serviceaccount:commit-status-system:hub" cannot patch resource "commitstatuses/status" in API group "commit-status.argoproj.io" in the namespace "team-a"`))
}

const policyDenied = `commitstatuses.commit-status.argoproj.io "build" is forbidden: ValidatingAdmissionPolicy 'frozen' with binding 'all' denied request: not on Fridays`

func TestRefusalOf_TellsAdmissionFromAMissingRight(t *testing.T) {
	webhook := func(code int32, reason metav1.StatusReason) error {
		return refusedWith(code, reason, `admission webhook "validate.kyverno.svc" denied the request: User "x" is not to do that`)
	}
	for name, tc := range map[string]struct {
		err  error
		want refusal
	}{
		"accepted":              {nil, notRefused},
		"no answer":             {context.DeadlineExceeded, notRefused},
		"RBAC":                  {unauthorizedPatch(), withoutRight},
		"a policy's 422":        {refusedWith(422, metav1.StatusReasonInvalid, policyDenied), unwanted},
		"a policy's 403":        {refusedWith(403, metav1.StatusReasonForbidden, policyDenied), unwanted},
		"a policy's 401":        {refusedWith(401, metav1.StatusReasonUnauthorized, policyDenied), unwanted},
		"a policy's 413":        {refusedWith(413, metav1.StatusReasonRequestEntityTooLarge, policyDenied), unwanted},
		"a mutating policy":     {refusedWith(403, metav1.StatusReasonForbidden, `x is forbidden: policy 'm' with binding 'b' denied request: no`), unwanted},
		"a webhook's 400":       {webhook(400, ""), unwanted},
		"a webhook's 403":       {webhook(403, metav1.StatusReasonForbidden), unwanted},
		"a webhook's 404":       {webhook(404, metav1.StatusReasonNotFound), unwanted},
		"a webhook's 409":       {webhook(409, metav1.StatusReasonConflict), unwanted},
		"a webhook's 429":       {webhook(429, metav1.StatusReasonTooManyRequests), unwanted},
		"a webhook's 500":       {webhook(500, metav1.StatusReasonInternalError), unwanted},
		"a webhook that is off": {apierrors.NewInternalError(errors.New(`failed calling webhook "x": no endpoints available`)), unwanted},
		"another admission":     {apierrors.NewForbidden(schema.GroupResource{}, "build", errors.New("no")), unwanted},
		"the CRD's schema":      {refusedWith(422, metav1.StatusReasonInvalid, "status.phase: Unsupported value"), unwanted},
		"an API server's 401":   {apierrors.NewUnauthorized("no"), notRefused},
		"an API server's 409":   {apierrors.NewConflict(schema.GroupResource{}, "build", errors.New("modified")), notRefused},
		"an API server's 404":   {apierrors.NewNotFound(schema.GroupResource{}, "build"), notRefused},
		"an API server's 429":   {apierrors.NewTooManyRequestsError("slow down"), notRefused},
		"an API server's 500":   {apierrors.NewInternalError(errors.New("etcd")), notRefused},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(refusalOf(tc.err)).To(Equal(tc.want))
		})
	}
}

func TestRefusals_ReportOnChange(t *testing.T) {
	g := NewWithT(t)
	var forbidden []bool
	var unwanted []string
	r := newRefusals(func(f bool) { forbidden = append(forbidden, f) }, func(words string) { unwanted = append(unwanted, words) })
	in := func(namespace, name string) ledger.ObjectID {
		return ledger.ObjectID{Cluster: "eu", Namespace: namespace, Name: name}
	}
	a, other, b := in("team-a", "build"), in("team-a", "test"), in("team-b", "build")
	g.Expect(r.note(a, nil)).To(BeFalse())
	r.note(a, unauthorizedPatch())
	r.note(a, unauthorizedPatch())
	r.note(b, nil)
	r.note(a, errors.New("timeout"))
	g.Expect(forbidden).To(HaveExactElements(true), "as long as one namespace is closed")
	g.Expect(r.note(a, nil)).To(BeTrue(), "others there may go well, too")
	g.Expect(forbidden).To(HaveExactElements(true, false))
	g.Expect(unwanted).To(BeEmpty())

	r.note(a, refusedWith(422, metav1.StatusReasonInvalid, policyDenied))
	r.note(b, refusedWith(422, metav1.StatusReasonInvalid, policyDenied))
	r.note(other, nil)
	g.Expect(unwanted).To(HaveExactElements("team-a/build: "+policyDenied), "as long as that one is refused")
	r.upToDate(a)
	g.Expect(unwanted).To(HaveExactElements("team-a/build: "+policyDenied, "team-b/build"), "another one is refused still")
	r.note(b, refusedWith(422, metav1.StatusReasonInvalid, policyDenied))
	r.note(b, refusedWith(422, metav1.StatusReasonInvalid, policyDenied))
	g.Expect(unwanted[2:]).To(HaveExactElements("team-b/build: "+policyDenied), "with the member's words once it is refused again")
	r.note(b, nil)
	g.Expect(unwanted[3:]).To(HaveExactElements(""))
	g.Expect(forbidden).To(HaveLen(2))
}

func TestPublish_ReportsAndRetriesWhatIsRefused(t *testing.T) {
	for name, refuse := range map[string]error{
		"by RBAC":      unauthorizedPatch(),
		"by a policy":  refusedWith(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, policyDenied),
		"by a webhook": refusedWith(http.StatusConflict, metav1.StatusReasonConflict, `admission webhook "x" denied the request: no`),
	} {
		t.Run(name, func(t *testing.T) {
			f := denied(t)
			answer, patches := refuse, 0
			p, o := outletTo(f, func(context.Context, client.Object, []byte) error {
				patches++
				return answer
			})
			var reports []bool
			o.refusals = newRefusals(func(forbidden bool) { reports = append(reports, forbidden) }, func(words string) { reports = append(reports, words != "") })
			first := p.publish(o, ledgertest.ID("eu"), try{})
			f.G.Expect(first.outcome).To(Equal(refused))
			f.G.Expect(reports).To(HaveExactElements(true))
			f.G.Expect(p.publish(o, ledgertest.ID("eu"), try{again: true, refused: first.refused}).outcome).To(Equal(early), "nothing has changed")
			f.G.Expect(patches).To(Equal(1))
			f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) { cs.ResourceVersion = "43" }))
			f.G.Expect(p.publish(o, ledgertest.ID("eu"), try{again: true, refused: first.refused}).outcome).To(Equal(refused), "the object has changed")
			answer = nil
			f.G.Expect(p.publish(o, ledgertest.ID("eu"), try{again: true}).outcome).To(Equal(finished))
			f.G.Expect(reports).To(HaveExactElements(true, false))
		})
	}
}

// The Role of a namespace is deleted before its CommitStatuses are, with the namespace.
func TestRefusals_ForgetANamespaceThatIsGone(t *testing.T) {
	g := NewWithT(t)
	var forbidden []bool
	r := newRefusals(func(f bool) { forbidden = append(forbidden, f) }, func(string) {})
	id := ledger.ObjectID{Cluster: "eu", Namespace: "team-a", Name: "build"}
	r.note(id, unauthorizedPatch())
	r.upToDate(id) // it is gone
	g.Expect(forbidden).To(HaveExactElements(true, false))
}

// A refused object is deleted, and the member says so before its watch does.
func TestRefusals_ForgetAnObjectThatIsGone(t *testing.T) {
	f := denied(t)
	answer := refusedWith(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, policyDenied)
	p, o := outletTo(f, func(context.Context, client.Object, []byte) error { return answer })
	var reports []string
	o.refusals = newRefusals(func(bool) {}, func(words string) { reports = append(reports, words) })
	p.publish(o, ledgertest.ID("eu"), try{})
	answer = apierrors.NewNotFound(schema.GroupResource{}, "build")
	f.G.Expect(p.publish(o, ledgertest.ID("eu"), try{again: true})).To(HaveOutcome(finished))
	changes := f.RemoveObject("eu", f.Token["eu"], client.ObjectKeyFromObject(ledgertest.CommitStatus()), ledger.Deleted)
	p.Add(changes.Objects) // what the hub does with the changes
	p.working.Wait()
	f.G.Expect(reports).To(HaveExactElements(ContainSubstring(policyDenied), ""))
}
