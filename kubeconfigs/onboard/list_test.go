package onboard

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// eu ends in 29 days: {"exp":…,"sub":"system:serviceaccount:a:b"}.
const euToken = "e30.eyJleHAiOjE3OTc5MzM2MDAsInN1YiI6InN5c3RlbTpzZXJ2aWNlYWNjb3VudDphOmIifQ.c2ln"

func memberSecretNamed(t *testing.T, name, health string) *corev1.Secret {
	t.Helper()
	kubeconfig, err := Endpoint{Server: "https://" + name + ".example.com"}.kubeconfig(euToken)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: DefaultNamespace, Name: name, Annotations: map[string]string{}},
		Data:       map[string][]byte{kubeconfigs.KubeconfigKey: kubeconfig},
	}
	if health != "" {
		secret.Annotations[kubeconfigs.HealthKey] = health
	}
	return secret
}

func TestMembersAreListedByWhatTheirSecretsTell(t *testing.T) {
	g := NewWithT(t)
	refused := memberSecretNamed(t, "refused", `{"state":"Connected"}`)
	refused.Data = nil
	secrets := []*corev1.Secret{
		memberSecretNamed(t, "fine", `{"state":"Connected","since":"2026-11-23T09:50:00Z","reason":"Connected","message":"watching","crds":"complete","permissions":"complete"}`),
		memberSecretNamed(t, "down", `{"state":"Unreachable","since":"2026-11-23T09:59:00Z","reason":"TimedOut","message":"no answer","crds":"outdated","permissions":"missing"}`),
		memberSecretNamed(t, "old", `{"state":"Connected","reason":"CRDOutdated","message":"they do not keep url","crds":"outdated","twins":"down"}`),
		memberSecretNamed(t, "ends", `{"state":"Connected","reason":"Connected","message":"watching","renewalError":"no right"}`),
		memberSecretNamed(t, "new", ""),
		memberSecretNamed(t, "odd", "nonsense"),
		memberSecretNamed(t, "local", ""),
		refused,
	}
	secrets[1].Annotations[kubeconfigs.NamespacesAnnotation] = "b, a"
	secrets[2].Annotations[kubeconfigs.NamespacesAnnotation] = "a,b,c,d,e"
	members := make([]Member, 0, len(secrets))
	for _, secret := range secrets {
		members = append(members, memberOf(secret))
	}
	var out bytes.Buffer
	g.Expect(PrintMembers(&out, Table, members, now)).To(Succeed())
	var lines []string
	for line := range strings.Lines(out.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	g.Expect(lines).To(Equal([]string{
		"NAME SERVER NAMESPACES STATE SINCE CRDS PERMISSIONS CREDENTIAL-ENDS TWIN LAST-ERROR",
		"fine https://fine.example.com all Connected 10m complete complete in 29d - -",
		"down https://down.example.com a,b Unreachable 60s outdated missing in 29d - no answer",
		"old https://old.example.com a,b,c,+2 Connected - outdated unknown in 29d down they do not keep url",
		"ends https://ends.example.com all Connected - unknown unknown in 29d - no right",
		"new https://new.example.com all unknown - unknown unknown in 29d - -",
		"odd https://odd.example.com all unknown - unknown unknown in 29d - the annotation commit-status.argoproj.io/health cannot be read",
		`local - all Refused - unknown unknown - - the name "local" means the hub's own cluster`,
		`refused - all Refused - unknown unknown - - the Secret has no key "kubeconfig"`,
	}))
	g.Expect(ends(now.Add(-time.Hour), now)).To(Equal("60m ago"))
}

func TestMembersArePrintedForMachines(t *testing.T) {
	g := NewWithT(t)
	members := []Member{memberOf(memberSecretNamed(t, "fine", `{"state":"Connected","since":"2026-11-23T09:50:00Z"}`))}
	var out bytes.Buffer
	g.Expect(PrintMembers(&out, JSON, members, now)).To(Succeed())
	var read struct{ Members []Member }
	g.Expect(json.Unmarshal(out.Bytes(), &read)).To(Succeed())
	g.Expect(read.Members).To(Equal(members))
	out.Reset()
	g.Expect(PrintMembers(&out, YAML, members, now)).To(Succeed())
	g.Expect(out.String()).To(HavePrefix("members:\n- crds: unknown\n  credentialExpiry: "))
	g.Expect(out.String()).NotTo(ContainSubstring(euToken))
	g.Expect(PrintMembers(&out, "xml", members, now)).To(MatchError(ContainSubstring(`"xml"`)))
	out.Reset()
	g.Expect(PrintMembers(&out, Table, nil, now)).To(Succeed())
	g.Expect(out.String()).To(ContainSubstring("No members"))
}
