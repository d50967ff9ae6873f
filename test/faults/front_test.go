package faults_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/faults"
)

// asker asks a front, which it knows by a certificate.
func asker(front *faults.Front, certificate *x509.Certificate) func() (string, error) {
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true,
	}}
	return func() (string, error) {
		answer, err := client.Get(front.Server.URL)
		if err != nil {
			return "", err
		}
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		return string(text), err
	}
}

func newFront(t *testing.T) *faults.Front {
	front := faults.NewFront(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(out, "well") }))
	t.Cleanup(front.Close)
	return front
}

func TestConnectionsThatAreResetHaveMetTheFault(t *testing.T) {
	g, front := NewWithT(t), newFront(t)
	ask := asker(front, front.Server.Certificate())
	g.Expect(ask()).To(Equal("well"))
	front.Misbehave(faults.Fault{Reset: true})
	before := front.Met()
	_, err := ask()
	g.Expect(err).To(HaveOccurred())
	g.Expect(front.Met()).To(BeNumerically(">", before))
	front.Behave()
	g.Expect(ask()).To(Equal("well"))
}

func TestANewCertificateStays(t *testing.T) {
	g, front := NewWithT(t), newFront(t)
	certificate, err := faults.Stranger()
	g.Expect(err).NotTo(HaveOccurred())
	parsed, err := x509.ParseCertificate(certificate.Certificate[0])
	g.Expect(err).NotTo(HaveOccurred())
	byOld, byNew := asker(front, front.Server.Certificate()), asker(front, parsed)

	front.Misbehave(faults.Fault{Certificate: certificate})
	_, err = byOld()
	g.Expect(err).To(HaveOccurred())
	g.Expect(front.Met()).To(BeNumerically(">", 0))
	front.Behave()
	g.Expect(byOld()).To(Equal("well"), "it was a fault only")

	front.Renew(certificate)
	front.Misbehave(faults.Fault{Reset: true})
	front.Behave()
	g.Expect(byNew()).To(Equal("well"))
	_, err = byOld()
	g.Expect(err).To(HaveOccurred())
}

func TestFront_HoldsMuteWatchesOpenWhenTheUpstreamEnds(t *testing.T) {
	g := NewWithT(t)
	breakOff := make(chan struct{})
	front := faults.NewFront(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(out, "first")
		_ = http.NewResponseController(out).Flush()
		<-breakOff
		panic(http.ErrAbortHandler) // as a proxy does whose upstream is gone
	}))
	t.Cleanup(front.Close)
	roots := x509.NewCertPool()
	roots.AddCert(front.Server.Certificate())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	answer, err := client.Get(front.Server.URL + "?watch=true")
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = answer.Body.Close() }()
	begin := make([]byte, len("first"))
	_, err = io.ReadFull(answer.Body, begin)
	g.Expect(err).NotTo(HaveOccurred())

	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.ReadAll(answer.Body)
	}()
	front.Misbehave(faults.LostUpstream())
	close(breakOff)
	g.Eventually(front.Met).Should(BeNumerically(">", 0))
	g.Consistently(ended).WithTimeout(200 * time.Millisecond).ShouldNot(BeClosed())
	front.Behave()
	g.Eventually(ended).Should(BeClosed())
}
