package hub

import (
	"context"
	"errors"
	"testing"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestWhereStatusesMayNotBePatchedIsToldOnChange(t *testing.T) {
	g := NewWithT(t)
	var told []bool
	f := newForbidden(func(cluster string, forbidden bool) {
		g.Expect(cluster).To(Equal("eu"))
		told = append(told, forbidden)
	})
	in := func(namespace string) ObjectID { return ObjectID{Cluster: "eu", Namespace: namespace, Name: "build"} }
	no := apierrors.NewForbidden(schema.GroupResource{Resource: "commitstatuses"}, "build", errors.New("no"))
	f.note(in("team-a"), nil)
	g.Expect(told).To(BeEmpty())
	f.note(in("team-a"), no)
	f.note(in("team-a"), no)
	f.note(in("team-b"), nil)
	f.note(in("team-a"), errors.New("timeout"))
	g.Expect(told).To(HaveExactElements(true), "as long as one namespace is closed")
	f.note(in("team-a"), nil)
	g.Expect(told).To(HaveExactElements(true, false))
	f.note(in("team-a"), no)
	f.forget("eu")
	f.note(in("team-a"), no)
	g.Expect(told).To(HaveExactElements(true, false, true, true))
}

func TestAPatchThatIsForbiddenIsTold(t *testing.T) {
	f := denied(t)
	allowed := false
	p, o := f.outletTo(func(context.Context, client.Object, []byte) error {
		if allowed {
			return nil
		}
		return apierrors.NewForbidden(schema.GroupResource{Resource: "commitstatuses"}, "build", errors.New("no"))
	})
	var told []bool
	p.forbidden = newForbidden(func(_ string, forbidden bool) { told = append(told, forbidden) })
	f.g.Expect(p.publish(o, idIn("eu"), try{}).outcome).To(Equal(refused))
	f.g.Expect(told).To(HaveExactElements(true))
	allowed = true
	f.g.Expect(p.publish(o, idIn("eu"), try{again: true}).outcome).To(Equal(finished))
	f.g.Expect(told).To(HaveExactElements(true, false))
}
