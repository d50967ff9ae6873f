package kubeconfigs

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestHealthAnnotationSurvivesItsWayThroughTheSecret(t *testing.T) {
	g := NewWithT(t)
	since := time.Date(2026, 11, 23, 10, 0, 0, 5, time.FixedZone("", 3600))
	h := HealthAnnotation{State: Denied, Since: since, Reason: ReasonForbidden, Message: "no", CRDs: CRDsOutdated, CredentialExpiry: since.Add(time.Hour)}
	value, err := h.Marshal()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(value).To(Equal(`{"state":"Denied","since":"2026-11-23T09:00:00Z","reason":"Forbidden","message":"no",` +
		`"crds":"outdated","credentialExpiry":"2026-11-23T10:00:00Z"}`))
	read, err := ParseHealthAnnotation(value)
	g.Expect(err).NotTo(HaveOccurred())
	again, err := read.Marshal()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again).To(Equal(value))
}

func TestHealthAnnotationLeavesOutWhatIsNotKnown(t *testing.T) {
	g := NewWithT(t)
	g.Expect(HealthAnnotation{State: Connecting}.Marshal()).To(Equal(`{"state":"Connecting"}`))
	g.Expect(ParseHealthAnnotation(`{"state":"Connected","news":1}`)).To(Equal(HealthAnnotation{State: Connected}))
	_, err := ParseHealthAnnotation("nonsense")
	g.Expect(err).To(HaveOccurred())
}
