package forward

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
)

func TestPortOf_ReadsTheFlag(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		port   int
		secure bool
	}{
		"the default":     {[]string{"run"}, 8082, false},
		"with =":          {[]string{"run", "--web-bind-address=127.0.0.1:9000", "--workers=1"}, 9000, false},
		"in two words":    {[]string{"run", "--web-bind-address", "[::1]:9001"}, 9001, false},
		"the last counts": {[]string{"--web-bind-address=0", "--web-bind-address=localhost:9002"}, 9002, false},
		"all addresses":   {[]string{"--web-bind-address=:9003"}, 9003, true},
		"all of IPv4":     {[]string{"--web-bind-address=0.0.0.0:9004"}, 9004, true},
		"all of IPv6":     {[]string{"--web-bind-address=[::]:9005"}, 9005, true},
		"another flag":    {[]string{"--web-bind-address-x=1:1"}, 8082, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Args: []string{"--other"}}, {Command: []string{"hub"}, Args: c.args}}}}
			port, secure, err := portOf(pod)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(port).To(Equal(c.port))
			g.Expect(secure).To(Equal(c.secure))
		})
	}
}

func TestPortOf_SaysWhyThereIsNone(t *testing.T) {
	for value, want := range map[string]string{
		"0":                "switched off",
		"10.0.0.7:8082":    "no forwarded port leads to",
		"hub.example:8082": "no forwarded port leads to",
		"$(ADDRESS)":       "no address",
		"127.0.0.1:0":      "cannot be known",
		"127.0.0.1:http":   "cannot be known",
		"127.0.0.1:65536":  "cannot be known",
	} {
		t.Run(value, func(t *testing.T) {
			pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Args: []string{"run", addressFlag + "=" + value}}}}}
			_, _, err := portOf(pod)
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring(want)))
		})
	}
}
