package forward

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
)

func TestHub_FindsTheLeaderOrSaysWhatToDo(t *testing.T) {
	g := NewWithT(t)
	w := start(t)
	hub := w.hub()
	leader := func() error { _, err := hub.Leader(t.Context()); return err }

	g.Expect(leader()).To(MatchError(And(ContainSubstring("has no Lease commit-status-hub"), ContainSubstring("--namespace"), ContainSubstring("--context"))))
	w.lead("")
	g.Expect(leader()).To(MatchError(And(ContainSubstring("there is no leader now"), ContainSubstring("kubectl -n "+w.namespace+" get pods"))))
	w.lead("hub-1")
	g.Expect(leader()).To(MatchError(And(ContainSubstring("no pod of that name"), ContainSubstring("last renewed at 20"), ContainSubstring("try again"))))

	off := w.pod("hub-2", "--web-bind-address=0")
	g.Expect(w.kubelet.Run(t.Context(), off, nil)).To(Succeed())
	w.lead("hub-2")
	g.Expect(leader()).To(MatchError(And(HavePrefix("pod "+w.namespace+"/hub-2"), ContainSubstring("switched off"))))
	off.Status.Phase = corev1.PodFailed
	g.Expect(cluster.Client.Status().Update(t.Context(), off)).To(Succeed())
	g.Expect(leader()).To(MatchError(ContainSubstring("does not run: it is Failed")))

	pod := w.run("hub-3", 9000, nil)
	w.lead("hub-3")
	found, err := hub.Leader(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found.Pod).To(Equal("hub-3"))
	g.Expect(found.UID).To(Equal(pod.UID))
	g.Expect(found.Port).To(Equal(9000))

	user, err := cluster.AddUser("nobody-" + w.namespace)
	g.Expect(err).NotTo(HaveOccurred())
	hub = w.as(user)
	g.Expect(leader()).To(MatchError(And(HavePrefix("reading the Lease"), ContainSubstring("forbidden"))))
}

func TestTunnel_ReachesThePage(t *testing.T) {
	w := start(t)
	w.run("hub-1", 8082, says("the page"))
	w.lead("hub-1")
	for name, verbs := range map[string][]string{"over WebSockets": nil, "over SPDY": {"create"}} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			hub := w.hub(verbs...)
			leader, err := hub.Leader(t.Context())
			g.Expect(err).NotTo(HaveOccurred())
			tunnel, err := hub.Open(t.Context(), leader)
			g.Expect(err).NotTo(HaveOccurred())
			defer tunnel.Close()
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					text, err := get(t.Context(), tunnel, tunnel.URL())
					g.Expect(err).NotTo(HaveOccurred())
					g.Expect(text).To(Equal("the page"))
				})
			}
			all.Wait()
		})
	}
	t.Run("without the right", func(t *testing.T) {
		g := NewWithT(t)
		hub := w.hub("list")
		leader, err := hub.Leader(t.Context())
		g.Expect(err).NotTo(HaveOccurred())
		_, err = hub.Open(t.Context(), leader)
		g.Expect(err).To(MatchError(And(HavePrefix("forwarding a port to pod "+w.namespace+"/hub-1"), ContainSubstring("forbidden"))))
	})
}

func TestTunnel_OutlivesAConnectionThatFails(t *testing.T) {
	g := NewWithT(t)
	w := start(t)
	hub := w.hub()
	w.run("hub-1", 8082, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/large" {
			_, _ = io.CopyN(w, zeros{}, 64<<20)
			return
		}
		fmt.Fprint(w, "the page")
	}))
	leader, err := hub.at(t.Context(), leaseOf("hub-1"))
	g.Expect(err).NotTo(HaveOccurred())
	tunnel, err := hub.Open(t.Context(), leader)
	g.Expect(err).NotTo(HaveOccurred())
	defer tunnel.Close()

	// Whoever asks leaves before all of it was read.
	text, err := get(t.Context(), tunnel, tunnel.URL()+"/large")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(text).NotTo(BeEmpty())

	tunnel.Port = 9
	_, err = get(t.Context(), tunnel, tunnel.URL()+"/else")
	g.Expect(err).To(MatchError(And(HavePrefix("nothing answers at port 9 of pod hub-1"), ContainSubstring("connection refused"))))
	tunnel.Port = leader.Port
	text, err = get(t.Context(), tunnel, tunnel.URL())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(text).To(Equal("the page"))
	g.Expect(tunnel.Done()).NotTo(BeClosed())
}

func TestTunnel_EndsWithItsPod(t *testing.T) {
	t.Parallel() // over WebSockets a break is seen by a ping, which is sent every 10 s
	g := NewWithT(t)
	w := start(t)
	hub := w.hub()
	pod := w.run("hub-1", 8082, says("the page"))
	leader, err := hub.at(t.Context(), leaseOf("hub-1"))
	g.Expect(err).NotTo(HaveOccurred())
	tunnel, err := hub.Open(t.Context(), leader)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(w.kubelet.Kill(t.Context(), pod)).To(Succeed())
	g.Eventually(tunnel.Done()).WithTimeout(soon).Should(BeClosed())
	_, err = get(t.Context(), tunnel, tunnel.URL())
	g.Expect(err).To(MatchError(errBroken))
}

func TestHub_GivesUpOpeningWithItsCaller(t *testing.T) {
	g := NewWithT(t)
	w := start(t)
	hub := w.hub()
	w.run("hub-1", 8082, nil)
	leader, err := hub.at(t.Context(), leaseOf("hub-1"))
	g.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = hub.Open(ctx, leader)
	g.Expect(err).To(MatchError(context.Canceled))
	g.Eventually(func() int { return w.kubelet.Tunnels("hub-1") }).WithTimeout(soon).Should(BeZero())
}

func TestTunnel_SendsATokenToAPageThatOthersReach(t *testing.T) {
	g := NewWithT(t)
	w := start(t)
	hub := w.hub()
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s over %t", r.Header.Get("Authorization"), r.TLS != nil)
	})
	w.serve(w.pod("hub-1", "--web-bind-address=:8082"), 8082, httptest.NewTLSServer, page)
	w.lead("hub-1")
	_, err := hub.Leader(t.Context())
	g.Expect(err).To(MatchError(ContainSubstring("--token-file")))

	hub.Token = "s3cret"
	ask := func() string {
		leader, err := hub.Leader(t.Context())
		g.Expect(err).NotTo(HaveOccurred())
		tunnel, err := hub.Open(t.Context(), leader)
		g.Expect(err).NotTo(HaveOccurred())
		defer tunnel.Close()
		text, err := get(t.Context(), tunnel, tunnel.URL())
		g.Expect(err).NotTo(HaveOccurred())
		return text
	}
	g.Expect(ask()).To(Equal("Bearer s3cret over true"))
	w.serve(w.pod("hub-2"), 8082, httptest.NewServer, page)
	w.lead("hub-2")
	g.Expect(ask()).To(Equal(" over false"), "a loopback address takes no token")
}
