package faults_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/faults"
)

func TestAGateIsOpenOrShut(t *testing.T) {
	g := NewWithT(t)
	came, hang := make(chan struct{}, 1), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			came <- struct{}{}
			<-hang
		}
		_, _ = io.WriteString(out, r.RemoteAddr)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(hang) })
	welcomed := make(chan string, 9)
	gate, err := faults.NewGate(strings.TrimPrefix(server.URL, "http://"), func(_ net.Conn, onward net.Addr) { welcomed <- onward.String() })
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(gate.Close)
	ask := func(path string) (string, error) {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		answer, err := client.Get("http://" + gate.Address() + path)
		if err != nil {
			return "", err
		}
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		return string(text), err
	}

	seen, err := ask("/")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(<-welcomed).To(Equal(seen), "the address that the server sees")

	cut := make(chan error, 1)
	go func() {
		_, err := ask("/hang")
		cut <- err
	}()
	<-came
	gate.Shut()
	g.Eventually(cut).Should(Receive(HaveOccurred()), "what passes is reset")
	g.Expect(gate.Cut()).To(BeNumerically(">", 0))
	_, err = ask("/")
	g.Expect(err).To(MatchError(syscall.ECONNREFUSED))

	g.Expect(gate.Open()).To(Succeed())
	g.Expect(ask("/")).NotTo(BeEmpty())
	gate.Close()
	_, err = ask("/")
	g.Expect(err).To(MatchError(syscall.ECONNREFUSED))
	g.Expect(gate.Open()).To(Succeed())
	_, err = ask("/")
	g.Expect(err).To(HaveOccurred(), "closed for good")
}
