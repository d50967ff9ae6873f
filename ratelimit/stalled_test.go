package ratelimit

import (
	"io"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestAPauseIsObeyedBeforeTheBodyIsThere(t *testing.T) {
	g := NewWithT(t)
	release := make(chan struct{})
	s := newSCM(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "20")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, "secondary rate limit")
		w.(http.Flusher).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}, func(_ *http.Request, resp *http.Response, body []byte, now time.Time) (Feedback, error) {
		return Feedback{Limited: true, Secondary: string(body) == "secondary rate limit", PauseUntil: PauseAsked(resp.Header, now)}, nil
	})
	s.all.SetLimits(s.ID(), "only", Limits{WritesPerMinute: 80})
	told := 0
	s.Bucket().onPause = func() { told++ }
	ended := make(chan error, 1)
	go func() {
		_, err := s.do(timeout(t), http.MethodGet)
		ended <- err
	}()
	g.Eventually(s.PausedUntil).Should(Equal(start.Add(20 * time.Second)))
	_, err := s.do(timeout(t), http.MethodGet)
	beThrottledUntil(g, err, s, start.Add(20*time.Second))
	s.clock.Step(5 * time.Second)
	close(release)
	g.Eventually(ended).Should(Receive(BeNil()))
	g.Expect(s.PausedUntil()).To(Equal(start.Add(20*time.Second)), "counted from when it was asked for")
	g.Expect(s.Bucket().reduction.last).To(Equal(start.Add(20*time.Second)), "the body said that it was about writes")
	g.Expect(told).To(Equal(2), "the first use and the pause")
}

func TestARefusalWhoseBodyDoesNotComeIsOneAllTheSame(t *testing.T) {
	g := NewWithT(t)
	s := newSCM(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "half of")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}, nil)
	refused := &Throttled{Installation: "refused"}
	s.client.Transport = s.RoundTripper(func(_ *http.Request, _ *http.Response, body []byte, _ time.Time) (Feedback, error) {
		g.Expect(string(body)).To(Equal("half of"))
		return Feedback{}, refused
	})
	began := time.Now()
	_, err := s.do(timeout(t), http.MethodGet)
	g.Expect(err).To(MatchError(refused))
	g.Expect(time.Since(began)).To(BeNumerically("<", 10*time.Second))
}
