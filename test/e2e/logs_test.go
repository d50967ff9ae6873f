package e2e

import (
	"encoding/json"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// logLine is one line of a hub's log.
type logLine struct {
	Level   string    `json:"level"`
	Time    time.Time `json:"ts"`
	Message string    `json:"msg"`
	Version string    `json:"version"`
	Source  string    `json:"source"`
	Error   string    `json:"error"`
	Usable  *bool     `json:"usable"`
	Reason  string    `json:"reason"`
}

// logLines reads a log of which every line is JSON, and the first has the version.
func logLines(log []byte) (lines []logLine) {
	GinkgoHelper()
	for text := range strings.Lines(string(log)) {
		var line logLine
		Expect(json.Unmarshal([]byte(text), &line)).To(Succeed(), text)
		Expect(line.Level).NotTo(BeEmpty(), text)
		Expect(line.Message).NotTo(BeEmpty(), text)
		Expect(line.Time).To(BeTemporally("~", time.Now(), time.Hour), text)
		Expect(text).NotTo(ContainSubstring(`0x`), "an address of a function")
		lines = append(lines, line)
	}
	Expect(lines).NotTo(BeEmpty())
	Expect(lines[0].Version).To(Equal("development"))
	return lines
}

var _ = Describe("The log of a hub", func() {
	It("is JSON throughout, whatever library writes a line", func() {
		w := newWorld()
		w.ready()
		w.provider(func(p *v1alpha1.ScmProvider) { p.Name, p.Spec.SecretRef.Name = "unusable", "none" })
		address := freeAddress()
		hub := w.launch("--metrics-bind-address="+address, "--health-probe-bind-address=0")
		Eventually(w.holder).ShouldNot(BeEmpty())
		contents := func() string { return string(hub.log.Contents()) }

		By("having an HTTP server report an error")
		Eventually(func() error {
			connection, err := net.Dial("tcp", address)
			if err != nil {
				return err
			}
			defer func() { _ = connection.Close() }()
			_, err = connection.Write([]byte("GET /metrics HTTP/1.0\r\n\r\n"))
			return err
		}).Should(Succeed())
		Eventually(contents).Should(And(ContainSubstring("TLS handshake error"), ContainSubstring("member synced")))
		hub.signal(syscall.SIGTERM)
		Eventually(hub.ended).Should(BeClosed())

		lines := logLines(hub.log.Contents())
		Expect(lines).To(ContainElement(HaveField("Message", ContainSubstring("acquired lease"))), "client-go uses klog")
		Expect(lines).To(ContainElement(HaveField("Source", "start of this leader's term")))
		Expect(lines).To(ContainElement(And(
			HaveField("Message", "loaded ScmProvider"), HaveField("Usable", HaveValue(BeFalse())),
			HaveField("Reason", v1alpha1.ReasonCredentialsInvalid))))
	})

	It("ends with the error for which the hub has failed, and with nothing else", func() {
		program, err := buildHub()
		Expect(err).NotTo(HaveOccurred())
		command := exec.Command(program, "run", "--kubeconfig", filepath.Join(GinkgoT().TempDir(), "none"))
		output, err := command.CombinedOutput()
		Expect(err).To(MatchError("exit status 1"))
		lines := logLines(output)
		Expect(lines[len(lines)-1].Error).To(HavePrefix("finding the hub's cluster: "))
	})
})
