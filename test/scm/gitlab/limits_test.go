package gitlab_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

func TestWithoutALimitThereAreNoHeaders(t *testing.T) {
	w := newWorld(t)
	w.Expect(w.set("success", "").Header).NotTo(HaveKey("Ratelimit-Limit"))
}

func TestEveryAnswerTellsTheBudget(t *testing.T) {
	w := newWorld(t, gitlab.WithLimits(gitlab.Limits{RequestsPerMinute: 3}))
	for i := 1; i <= 3; i++ {
		a := w.set("success", "")
		w.Expect(a.Status).To(Equal(201))
		w.Expect(a.Header.Get("RateLimit-Name")).To(Equal("throttle_authenticated_api"))
		w.Expect(a.Header.Get("RateLimit-Limit")).To(Equal("3"))
		w.Expect(a.Header.Get("RateLimit-Observed")).To(Equal(strconv.Itoa(i)))
		w.Expect(a.Header.Get("RateLimit-Remaining")).To(Equal(strconv.Itoa(3 - i)))
		reset, err := strconv.ParseInt(a.Header.Get("RateLimit-Reset"), 10, 64)
		w.Expect(err).NotTo(HaveOccurred())
		w.Expect(time.Unix(reset, 0)).To(BeTemporally("~", w.clock.Now().Add(time.Minute), time.Second))
	}
	w.Expect(w.Violations()).To(BeZero())
}

func TestAHourlyLimitIsToldByTheMinute(t *testing.T) {
	w := newWorld(t, gitlab.WithLimits(gitlab.Limits{RequestsPerHour: 7200}))
	a := w.set("success", "")
	w.Expect(a.Header.Get("RateLimit-Limit")).To(Equal("120"))
	w.Expect(a.Header.Get("RateLimit-Remaining")).To(Equal("7199"))
}

func TestWindowsSlide(t *testing.T) {
	for name, tc := range map[string]struct {
		limits gitlab.Limits
		window time.Duration
		// read says that reads are refused then as well.
		read bool
	}{
		"requests per minute": {gitlab.Limits{RequestsPerMinute: 4}, time.Minute, true},
		"requests per hour":   {gitlab.Limits{RequestsPerHour: 4}, time.Hour, true},
		"writes per minute":   {gitlab.Limits{WritesPerMinute: 4}, time.Minute, false},
		"writes per hour":     {gitlab.Limits{WritesPerHour: 4}, time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, gitlab.WithLimits(tc.limits))
			w.Expect(w.set("success", "").Status).To(Equal(201))
			w.clock.Step(tc.window / 2)
			for range 3 {
				w.Expect(w.set("success", "").Status).To(Equal(201))
			}
			a := w.set("success", "")
			w.Expect(a.Status).To(Equal(429))
			w.Expect(a.Body).To(Equal("Retry later\n"))
			w.Expect(a.Header.Get("Content-Type")).To(Equal("text/plain"))
			w.Expect(a.Header.Get("Retry-After")).To(Equal(strconv.Itoa(int(tc.window.Seconds() / 2))))
			w.Expect(w.Violations()).To(Equal(1))
			w.Expect(w.list("").Status == 429).To(Equal(tc.read))

			before := w.Violations()
			w.clock.Step(tc.window / 2)
			w.Expect(w.set("success", "").Status).To(Equal(201))
			w.Expect(w.set("success", "").Status).To(Equal(429), "only the first has left the window")
			w.Expect(w.Violations()).To(Equal(before + 1))
		})
	}
}

func TestALimitIsOneUsers(t *testing.T) {
	w := newWorld(t, gitlab.WithLimits(gitlab.Limits{RequestsPerMinute: 1}))
	w.Expect(w.set("success", "").Status).To(Equal(201))
	w.token = w.AddToken("bot")
	w.Expect(w.set("success", "").Status).To(Equal(429), "another token of theirs")
	w.token = w.AddToken("human")
	w.Expect(w.set("success", "").Status).To(Equal(201))
}

func TestARequestDuringAnAnnouncedPauseIsAViolation(t *testing.T) {
	w := newWorld(t, gitlab.WithLimits(gitlab.Limits{Grace: time.Second}))
	w.Inject(gitlab.Fault{Status: 429, Body: "Retry later\n", Header: http.Header{"Retry-After": {"30"}}})
	w.Expect(w.set("success", "").Status).To(Equal(429))
	w.clock.Step(999 * time.Millisecond)
	w.Expect(w.set("success", "").Status).To(Equal(201))
	w.Expect(w.Violations()).To(BeZero(), "it was on its way")
	w.clock.Step(time.Millisecond)
	w.set("success", "")
	w.Expect(w.Violations()).To(Equal(1))
	w.clock.Step(29 * time.Second)
	w.set("success", "")
	w.Expect(w.Violations()).To(Equal(1))
}

func TestRequestsInFlightAreLimited(t *testing.T) {
	w := newWorld(t, gitlab.WithLimits(gitlab.Limits{MaxInFlight: 1}))
	w.Inject(gitlab.Fault{Delay: time.Hour})
	done := make(chan answer, 1)
	go func() {
		a, _ := w.try("GET", "/user", "", w.token)
		done <- a
	}()
	w.Eventually(w.clock.HasWaiters).Should(BeTrue())
	w.Expect(w.set("success", "").Status).To(Equal(429))
	w.clock.Step(time.Hour)
	w.Eventually(done).Should(Receive())
}
