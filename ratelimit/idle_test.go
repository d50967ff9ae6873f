package ratelimit

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
)

// TestConnectionsOfAStormAreKept has as many requests as a hub has workers under way at
// once, twice. Each waits in the server for all others.
func TestConnectionsOfAStormAreKept(t *testing.T) {
	g := NewWithT(t)
	const workers = 256
	together := newMeeting(workers)
	var mu sync.Mutex
	opened := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		opened[r.RemoteAddr] = true
		mu.Unlock()
		together.wait()
	}))
	defer server.Close()
	all := NewInstallations(newClock())
	defer all.CloseIdleConnections()
	all.SetLimits(acme, "only", Limits{})
	client := &http.Client{Transport: all.Get(acme).RoundTripper(nil)}
	for range 2 {
		var group sync.WaitGroup
		for range workers {
			group.Go(func() {
				resp, err := client.Post(server.URL, "application/json", strings.NewReader("{}"))
				if err == nil {
					err = resp.Body.Close()
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
	g.Expect(opened).To(HaveLen(workers))
}

// meeting lets so many go on at once, when all are there.
type meeting struct {
	mu    sync.Mutex
	size  int
	there int
	open  chan struct{}
}

func newMeeting(size int) *meeting { return &meeting{size: size, open: make(chan struct{})} }

func (m *meeting) wait() {
	m.mu.Lock()
	gate := m.open
	if m.there++; m.there == m.size {
		close(gate)
		m.there, m.open = 0, make(chan struct{})
	}
	m.mu.Unlock()
	<-gate
}
