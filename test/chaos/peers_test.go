package chaos

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/faults"
)

// asker is an environment variable that makes this test's program ask a URL.
const asker = "CHAOS_TEST_ASKS"

func TestMain(m *testing.M) {
	if url := os.Getenv(asker); url != "" {
		answer, err := (&http.Client{Timeout: 10 * time.Second}).Get(url)
		if err != nil {
			os.Exit(1)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		return
	}
	os.Exit(m.Run())
}

func TestRequestsAreKnownByTheirProcess(t *testing.T) {
	g := NewWithT(t)
	type call struct {
		peer string
		at   time.Time
	}
	child, started := exec.Command(os.Args[0]), make(chan struct{})
	behind := newPeers(func() map[int]string {
		<-started
		return map[int]string{os.Getpid(): "parent", child.Process.Pid: "child"}
	})
	calls := make(chan call, 2)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		at := time.Now()
		// A connection that is over at once may be over before it is looked at.
		until(r.Context(), 5*time.Second, func() bool { return behind.of(r.RemoteAddr, at) != "" })
		calls <- call{r.RemoteAddr, at}
	}))
	defer server.Close()
	gate, err := faults.NewGate(strings.TrimPrefix(server.URL, "http://"), behind.welcome)
	g.Expect(err).NotTo(HaveOccurred())
	defer gate.Close()

	child.Env = append(os.Environ(), asker+"=http://"+gate.Address())
	g.Expect(child.Start()).To(Succeed())
	close(started)
	g.Expect(child.Wait()).To(Succeed())
	asked := <-calls
	g.Expect(behind.of(asked.peer, asked.at)).To(Equal("child"))

	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + gate.Address())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(answer.Body.Close()).To(Succeed())
	asked = <-calls
	g.Expect(behind.of(asked.peer, asked.at)).To(Equal("parent"))
	g.Expect(behind.of("127.0.0.1:1", asked.at)).To(BeEmpty())
}

func TestAnAddressIsSomebodyElsesLater(t *testing.T) {
	g := NewWithT(t)
	p := newPeers(nil)
	p.by["x"] = []connection{{after(1), "a"}, {after(5), "b"}}
	g.Expect(p.of("x", after(0))).To(BeEmpty())
	g.Expect(p.of("x", after(4))).To(Equal("a"))
	g.Expect(p.of("x", after(5))).To(Equal("b"))
}

func TestAnAddressIsWrittenAsTheKernelDoes(t *testing.T) {
	g := NewWithT(t)
	g.Expect(hex(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080})).To(Equal("0100007F:1F90"))
}
