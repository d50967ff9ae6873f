package github_test

import (
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

func TestEveryAnswerTellsTheBudget(t *testing.T) {
	w := newWorld(t)
	for i := 1; i <= 3; i++ {
		a := w.create("")
		w.Expect(a.Header.Get("X-RateLimit-Limit")).To(Equal("5000"))
		w.Expect(a.Header.Get("X-RateLimit-Used")).To(Equal(strconv.Itoa(i)))
		w.Expect(a.Header.Get("X-RateLimit-Remaining")).To(Equal(strconv.Itoa(5000 - i)))
		w.Expect(a.Header.Get("X-RateLimit-Resource")).To(Equal("core"))
		reset, err := strconv.ParseInt(a.Header.Get("X-RateLimit-Reset"), 10, 64)
		w.Expect(err).NotTo(HaveOccurred())
		w.Expect(time.Unix(reset, 0)).To(BeTemporally("~", w.clock.Now().Add(time.Hour), time.Second))
		w.Expect(a.Header.Get("X-GitHub-Request-Id")).NotTo(BeEmpty())
		w.Expect(a.Header.Get("Date")).To(Equal(w.clock.Now().UTC().Format(http.TimeFormat)))
	}
	w.Expect(w.send("GET", "/nowhere", "", "").Header.Get("X-RateLimit-Limit")).To(Equal("5000"))
}

func TestTheHourIsUsedUpOnce(t *testing.T) {
	w := newWorld(t, github.WithLimits(github.Limits{RequestsPerHour: 3}))
	for range 3 {
		w.created("")
	}
	w.Expect(w.Violations()).To(BeZero())
	a := w.create("")
	w.Expect(a.Status).To(Equal(403))
	w.Expect(a.Text("message")).To(Equal("API rate limit exceeded for installation ID 678."))
	w.Expect(a.Header.Get("X-RateLimit-Remaining")).To(Equal("0"))
	w.Expect(a.Header.Get("Retry-After")).To(BeEmpty())
	w.Expect(w.Violations()).To(Equal(1))

	w.clock.Step(time.Hour)
	w.token = w.issue(w.key, app, installation)
	w.Expect(w.create("").Status).To(Equal(201))
}

func TestWindowsSlide(t *testing.T) {
	for name, tc := range map[string]struct {
		limits github.Limits
		window time.Duration
		// fits is how many writes go through before one is refused.
		fits int
		// read says that reads are refused then as well.
		read bool
	}{
		"writes per minute":   {github.Limits{WritesPerMinute: 4}, time.Minute, 4, false},
		"writes per hour":     {github.Limits{WritesPerHour: 4}, time.Hour, 4, false},
		"requests per minute": {github.Limits{RequestsPerMinute: 4}, time.Minute, 4, true},
		"points per minute":   {github.Limits{PointsPerMinute: 20}, time.Minute, 4, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, github.WithLimits(tc.limits))
			w.created("")
			w.clock.Step(tc.window / 2)
			for range tc.fits - 1 {
				w.created("")
			}
			a := w.create("")
			w.Expect(a.Status).To(Equal(403))
			w.Expect(a.Text("message")).To(HavePrefix("You have exceeded a secondary rate limit"))
			w.Expect(a.Text("documentation_url")).To(HaveSuffix("secondary-rate-limits"))
			w.Expect(a.Header.Get("Retry-After")).To(Equal(strconv.Itoa(int(tc.window.Seconds() / 2))))
			w.Expect(w.Violations()).To(Equal(1))
			if !tc.read {
				w.Expect(w.list("").Status).To(Equal(200))
			} else {
				w.Expect(w.list("").Status).To(Equal(403))
			}

			before := w.Violations()
			w.clock.Step(tc.window / 2)
			w.token = w.issue(w.key, app, installation)
			w.created("")
			w.Expect(w.create("").Status).To(Equal(403), "only the first has left the window")
			w.Expect(w.Violations()).To(Equal(before + 1))
		})
	}
}

func TestA304IsFreeForRequestsInEveryWindowButTakesPoints(t *testing.T) {
	for name, tc := range map[string]struct {
		limits github.Limits
		fits   int
	}{
		"primary":             {github.Limits{}, 50},
		"requests per hour":   {github.Limits{RequestsPerHour: 2}, 50},
		"requests per minute": {github.Limits{RequestsPerMinute: 2}, 50},
		"points per minute":   {github.Limits{PointsPerMinute: 11}, 10},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, github.WithLimits(tc.limits))
			first := w.list("")
			w.Expect(first.Status).To(Equal(200))
			for range tc.fits {
				a := w.list("", "If-None-Match", first.Header.Get("ETag"))
				w.Expect(a.Status).To(Equal(304))
				w.Expect(a.Header.Get("X-RateLimit-Used")).To(Equal("1"))
			}
			w.Expect(w.Violations()).To(BeZero())
			if tc.limits.PointsPerMinute > 0 {
				w.Expect(w.list("").Status).To(Equal(403), "nobody documents that it takes no points")
				return
			}
			w.Expect(w.list("").Status).To(Equal(200))
			if tc.limits != (github.Limits{}) {
				w.Expect(w.list("").Status).To(Equal(403), "what is no 304 is counted")
			}
		})
	}
}

func TestA304ThatWasNotCountedGivesNothingBack(t *testing.T) {
	w := newWorld(t, github.WithLimits(github.Limits{RequestsPerHour: 2}))
	w.list("")
	w.list("")
	w.Inject(github.Fault{Status: 304})
	w.Expect(w.list("").Status).To(Equal(304))
	w.Expect(w.list("").Status).To(Equal(403))
	w.Expect(w.Violations()).To(Equal(2))
}

func TestARequestDuringAnAnnouncedPauseIsAViolation(t *testing.T) {
	w := newWorld(t, github.WithLimits(github.Limits{Grace: time.Second}))
	w.Inject(github.Fault{Status: 429, Header: http.Header{"Retry-After": {"30"}}})
	w.Expect(w.create("").Status).To(Equal(429))
	w.clock.Step(999 * time.Millisecond)
	w.created("")
	w.Expect(w.Violations()).To(BeZero(), "it was on its way")
	w.clock.Step(time.Millisecond)
	w.created("")
	w.Expect(w.Violations()).To(Equal(1))
	w.Install(app, 700, "other")
	w.issue(w.key, app, 700)
	w.Expect(w.Violations()).To(Equal(1), "another payer's request")
	w.clock.Step(29 * time.Second)
	w.created("")
	w.Expect(w.Violations()).To(Equal(1))
}

func TestRequestsInFlightAreLimited(t *testing.T) {
	w := newWorld(t, github.WithLimits(github.Limits{MaxInFlight: 1}))
	w.Inject(github.Fault{Delay: time.Hour})
	done := make(chan answer, 1)
	go func() {
		a, _ := w.try("GET", repo+"/commits/"+sha+"/check-runs", "", w.token)
		done <- a
	}()
	w.Eventually(w.clock.HasWaiters).Should(BeTrue())
	w.Expect(w.create("").Status).To(Equal(403))
	w.clock.Step(time.Hour)
	w.Eventually(done).Should(Receive())
	w.Eventually(func() int { return w.send("GET", repo+"/commits/"+sha+"/check-runs", "", w.token).Status }).ShouldNot(Equal(403))
}

func TestARequestIsCountedWhenItIsWhole(t *testing.T) {
	w := newWorld(t, github.WithLimits(github.Limits{WritesPerMinute: 2}))
	w.created("")
	w.clock.Step(50 * time.Second)
	arrived := len(w.Calls())
	body, send := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL()+repo+"/check-runs", body)
	w.Expect(err).NotTo(HaveOccurred())
	r.Header.Set("Authorization", "Bearer "+w.token)
	status := make(chan int, 1)
	go func() {
		response, err := w.client.HTTP.Do(r)
		if err != nil {
			close(status)
			return
		}
		_ = response.Body.Close()
		status <- response.StatusCode
	}()
	w.Eventually(func() int { return len(w.Calls()) }).Should(Equal(arrived + 1))
	w.clock.Step(11 * time.Second)
	w.created("")
	_, err = io.WriteString(send, `{"name":"slow","head_sha":"`+sha+`"}`)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(send.Close()).To(Succeed())
	w.Eventually(status).Should(Receive(Equal(http.StatusCreated)), "the first one has left the window")
	w.Expect(w.Violations()).To(BeZero())
}
