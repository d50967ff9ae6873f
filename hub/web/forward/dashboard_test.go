package forward

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
)

// fast is how often the Lease is read here.
const fast = 20 * time.Millisecond

var printedAddress = regexp.MustCompile(`http://127\.0\.0\.1:\d+/`)

// shown is a dashboard that runs.
type shown struct {
	out lines
	// opened are the addresses that a browser got.
	opened chan string
	end    context.CancelFunc
	result chan error
}

func show(t *testing.T, d Dashboard) *shown {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	s := &shown{opened: make(chan string, 1), end: end, result: make(chan error, 1)}
	d.Out, d.Every = &s.out, fast
	if d.Open == nil {
		d.Open = func(_ context.Context, url string) error { s.opened <- url; return nil }
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.result <- d.Run(ctx)
	}()
	t.Cleanup(func() { end(); <-ended })
	return s
}

// address waits for the address that a browser gets.
func (s *shown) address(g *WithT) string {
	var url string
	g.Eventually(s.opened).WithTimeout(soon).Should(Receive(&url), s.out.String)
	return url
}

// leads is a fleet page that says which pod it is of. Its stream goes on until its reader leaves.
func leads(pod string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept") != "text/event-stream" {
			fmt.Fprintf(w, "%s for %s", pod, r.Host)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "data: %s\n\n", pod)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
}

// browser asks as browsers do, without anything that is kept between requests.
func browser(t *testing.T) *http.Transport {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// stream opens a page's stream, and returns its first line and what reads on until its end.
func stream(ctx context.Context, g *WithT, b *http.Transport, url string) (string, func() error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	g.Expect(err).NotTo(HaveOccurred())
	request.Header.Set("Accept", "text/event-stream")
	response, err := b.RoundTrip(request)
	g.Expect(err).NotTo(HaveOccurred())
	reader := bufio.NewReader(response.Body)
	first, err := reader.ReadString('\n')
	g.Expect(err).NotTo(HaveOccurred())
	return first, func() error {
		defer response.Body.Close()
		for {
			if _, err := reader.ReadByte(); err != nil {
				return err
			}
		}
	}
}

func TestDashboard_FollowsTheLeader(t *testing.T) {
	g := NewWithT(t)
	w := start(t)
	hub := w.hub()
	old := w.run("hub-1", 8082, leads("hub-1"))
	w.run("hub-2", 9000, leads("hub-2"))
	w.lead("hub-1")

	s := show(t, Dashboard{Hub: hub})
	url := s.address(g)
	g.Expect(s.out.String()).To(And(ContainSubstring("from pod hub-1, which leads: "+url), ContainSubstring("Ctrl-C")))
	b := browser(t)
	page := func() (string, error) { return get(t.Context(), b, url) }
	text, err := page()
	g.Expect(err).NotTo(HaveOccurred())
	host := url[len("http://") : len(url)-1]
	g.Expect(text).To(Equal("hub-1 for " + host))
	first, rest := stream(t.Context(), g, b, url)
	g.Expect(first).To(Equal("data: hub-1\n"))

	// Another pod leads, and the one before is still there.
	w.lead("hub-2")
	g.Expect(rest()).To(HaveOccurred(), "a browser opens the stream anew if it breaks")
	first, _ = stream(t.Context(), g, b, url)
	g.Expect(first).To(Equal("data: hub-2\n"))
	g.Eventually(page).WithTimeout(soon).Should(Equal("hub-2 for " + host))
	g.Expect(s.out.String()).To(And(
		ContainSubstring("The leader has changed from pod hub-1 to pod hub-2.\n"), ContainSubstring("Connected to pod hub-2, which leads.\n")))
	g.Eventually(func() int { return w.kubelet.Tunnels("hub-1") }).WithTimeout(soon).Should(BeZero())

	// The same pod leads, and the hub in it has started again: nothing is to be done.
	w.lead("hub-2")
	before := s.out.String()
	g.Expect(page()).To(Equal("hub-2 for " + host))
	g.Expect(s.out.String()).To(Equal(before))

	s.end()
	g.Eventually(s.result).WithTimeout(soon).Should(Receive(BeNil()))
	_, err = page()
	g.Expect(err).To(HaveOccurred())
	_ = old
}

func TestDashboard_FindsTheNextLeaderWhenThePodGoes(t *testing.T) {
	t.Parallel() // over WebSockets a break is seen by a ping, which is sent every 10 s
	g := NewWithT(t)
	w := start(t)
	pod := w.run("hub-1", 8082, leads("hub-1"))
	w.lead("hub-1")
	s := show(t, Dashboard{Hub: w.hub()})
	url := s.address(g)
	b := browser(t)

	g.Expect(w.kubelet.Kill(t.Context(), pod)).To(Succeed())
	g.Eventually(s.out.String).WithTimeout(soon).Should(And(
		ContainSubstring("The connection to pod hub-1 is lost."), ContainSubstring("Not connected: the leader is hub-1")))
	// A page that is asked for meanwhile comes from the next leader.
	asked := make(chan string, 1)
	go func() {
		text, _ := get(t.Context(), b, url)
		asked <- text
	}()
	w.run("hub-2", 8082, leads("hub-2"))
	w.lead("hub-2")
	g.Eventually(asked).WithTimeout(soon).Should(Receive(HavePrefix("hub-2")))
	g.Eventually(s.out.String).WithTimeout(soon).Should(HaveSuffix("Connected to pod hub-2, which leads.\n"))
}

func TestDashboard_StaysWhereTheNewLeaderHasNoPage(t *testing.T) {
	g := NewWithT(t)
	w := start(t)
	w.run("hub-1", 8082, leads("hub-1"))
	g.Expect(w.kubelet.Run(t.Context(), w.pod("hub-2", "--web-bind-address=0"), nil)).To(Succeed())
	w.lead("hub-1")
	s := show(t, Dashboard{Hub: w.hub()})
	url := s.address(g)
	w.lead("hub-2")
	g.Eventually(s.out.String).WithTimeout(soon).Should(ContainSubstring("Still connected to pod hub-1, which does not lead any more: "))
	text, err := get(t.Context(), browser(t), url)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(text).To(HavePrefix("hub-1"))
}

func TestDashboard_SaysWhyThereIsNoPage(t *testing.T) {
	g := NewWithT(t)
	w := start(t)
	hub := w.hub()
	run := func() error { return Dashboard{Hub: hub, Out: &lines{}}.Run(t.Context()) }
	g.Expect(run()).To(MatchError(ContainSubstring("there is no leader")))
	w.run("hub-1", 8082, nil)
	w.lead("hub-1")
	g.Expect(run()).To(MatchError(ContainSubstring("nothing answers at port 8082 of pod hub-1")))
	w.run("hub-2", 8082, http.NotFoundHandler())
	w.lead("hub-2")
	g.Expect(run()).To(MatchError(ContainSubstring("port 8082 of pod hub-2 does not serve the fleet page: it responds with 404")))
	hub.Token = "s3cret"
	w.serve(w.pod("hub-3", "--web-bind-address=:8082"), 8082, httptest.NewTLSServer, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no", http.StatusUnauthorized)
	}))
	w.lead("hub-3")
	g.Expect(run()).To(MatchError(And(ContainSubstring("401 Unauthorized"), ContainSubstring("/fleet"), Not(ContainSubstring("s3cret")))))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g.Expect(Dashboard{Hub: hub, Out: &lines{}}.Run(ctx)).To(Succeed(), "a person has ended it")
}

func TestDashboard_OpensALocalPort(t *testing.T) {
	g := NewWithT(t)
	w := start(t)
	hub := w.hub()
	w.run("hub-1", 8082, leads("hub-1"))
	w.lead("hub-1")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port

	s := show(t, Dashboard{Hub: hub, Port: port, AnyPort: true})
	g.Expect(s.address(g)).NotTo(ContainSubstring(strconv.Itoa(port)))
	g.Expect(Dashboard{Hub: hub, Port: port, Out: &lines{}}.Run(t.Context())).To(MatchError(And(
		ContainSubstring("--port 0"), ContainSubstring("address already in use"))))

	failing := show(t, Dashboard{Hub: hub, Open: func(context.Context, string) error { return errors.New("no display") }})
	g.Eventually(failing.out.String).WithTimeout(soon).Should(ContainSubstring("No browser could be opened (no display)"))
	url := printedAddress.FindString(failing.out.String())
	text, err := get(t.Context(), browser(t), url)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(text).To(HavePrefix("hub-1"))
}

func TestProxy_AnswersWhereNobodyLeads(t *testing.T) {
	g := NewWithT(t)
	f := newFollower(Hub{}, fast, func(string) {})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	server := &http.Server{Handler: within(proxy(f), 10*fast)}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	text, err := get(t.Context(), browser(t), "http://"+listener.Addr().String())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(text).To(And(ContainSubstring("The leader of the hub does not respond"), ContainSubstring("Try again")))
}

// within limits how long a browser waits.
func within(next http.Handler, limit time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func TestDashboard_LeavesNothingBehind(t *testing.T) {
	g := NewWithT(t)
	w := start(t)
	hub := w.hub()
	w.run("hub-1", 8082, leads("hub-1"))
	w.lead("hub-1")
	running := goleak.IgnoreCurrent()
	s := show(t, Dashboard{Hub: hub})
	b := browser(t)
	first, rest := stream(t.Context(), g, b, s.address(g))
	g.Expect(first).To(Equal("data: hub-1\n"))
	s.end()
	g.Eventually(s.result).WithTimeout(soon).Should(Receive(BeNil()))
	g.Expect(rest()).To(HaveOccurred())
	b.CloseIdleConnections()
	g.Eventually(func() int { return w.kubelet.Tunnels("hub-1") }).WithTimeout(soon).Should(BeZero())
	g.Eventually(func() error { return goleak.Find(running) }).WithTimeout(soon).Should(Succeed())
}
