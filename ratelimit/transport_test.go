package ratelimit

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// scm is a server and a client whose requests are paid for by one installation.
type scm struct {
	*Installation
	client *http.Client
	url    string
	clock  *clocktesting.FakeClock
	all    *Installations
	calls  atomic.Int32
}

func newSCM(t *testing.T, answer http.HandlerFunc, c Classifier) *scm {
	s := &scm{clock: newClock()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		answer(w, r)
	}))
	s.all = NewInstallations(s.clock)
	s.all.SetLimits(t.Name(), "only", Limits{})
	s.Installation = s.all.Get(t.Name())
	s.client = &http.Client{Transport: s.RoundTripper(c), CheckRedirect: SameHostOnly}
	s.url = server.URL
	t.Cleanup(func() {
		s.all.CloseIdleConnections()
		server.Close()
	})
	return s
}

// do sends a request and returns its status, or its error.
func (s *scm) do(ctx context.Context, method string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.url+"/a", strings.NewReader("{}"))
	if err != nil {
		return 0, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, errors.Join(err, resp.Body.Close())
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// retryAfter pauses for a minute on 429, as an SCM's classifier does.
func retryAfter(_ *http.Request, resp *http.Response, _ []byte, now time.Time) (Feedback, error) {
	if resp.StatusCode == http.StatusTooManyRequests {
		return Feedback{PauseUntil: now.Add(time.Minute)}, nil
	}
	return Feedback{}, nil
}

func beThrottledUntil(g Gomega, err error, s *scm, at time.Time) {
	var throttled *Throttled
	g.Expect(errors.As(err, &throttled)).To(BeTrue(), "%v", err)
	g.Expect(*throttled).To(Equal(Throttled{Installation: s.ID(), RetryAt: at}))
}

func TestAPauseIsObeyedByTheNextGet(t *testing.T) {
	g := NewWithT(t)
	s := newSCM(t, status(http.StatusTooManyRequests), retryAfter)
	q := newBench(t, func(o *QueueOptions[key]) { o.Clock, o.Installations = s.clock, s.all })
	q.Add(named(s.ID(), "a"))
	q.Add(named(s.ID(), "b"))
	a, _ := q.Get()
	_, err := s.do(WithSlot(timeout(t), q.Slot(a)), http.MethodPost)
	g.Expect(err).NotTo(HaveOccurred())
	q.Done(a)
	g.Expect(q.drain()).To(BeEmpty())
	g.Expect(s.PausedUntil()).To(Equal(start.Add(time.Minute)))
	_, err = s.do(timeout(t), http.MethodGet)
	beThrottledUntil(g, err, s, start.Add(time.Minute))
	_, err = s.do(WithoutBudget(timeout(t)), http.MethodGet)
	beThrottledUntil(g, err, s, start.Add(time.Minute))
	g.Expect(s.calls.Load()).To(BeEquivalentTo(1), "what is throttled is not sent")
	s.clock.Step(time.Minute)
	g.Eventually(q.drain).Should(Equal([]string{"b"}))
	g.Expect(s.PausedUntil()).To(BeZero())
}

func TestWhatTheBucketCannotPayIsNotSent(t *testing.T) {
	g := NewWithT(t)
	s := newSCM(t, status(http.StatusOK), nil)
	s.all.SetLimits(s.ID(), "only", Limits{RequestsPerHour: 1})
	_, err := s.do(timeout(t), http.MethodGet)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = s.do(timeout(t), http.MethodGet)
	var throttled *Throttled
	g.Expect(errors.As(err, &throttled)).To(BeTrue())
	g.Expect(throttled.RetryAt).To(BeTemporally("~", start.Add(time.Hour), 20*time.Second))
	g.Expect(s.calls.Load()).To(BeEquivalentTo(1))
	_, err = s.do(WithoutBudget(timeout(t)), http.MethodPost)
	g.Expect(err).NotTo(HaveOccurred(), "a free request takes nothing")
}

func TestASlotPaysForTheFirstRequestAndTheBucketForMore(t *testing.T) {
	g := NewWithT(t)
	s := newSCM(t, status(http.StatusOK), nil)
	s.all.SetLimits(s.ID(), "only", Limits{RequestsPerHour: 2, MaxInFlight: 1})
	slot, _ := s.Bucket().reserve(start, nil, 1)
	ctx := WithSlot(timeout(t), slot)
	for range 2 {
		_, err := s.do(ctx, http.MethodPost)
		g.Expect(err).NotTo(HaveOccurred())
	}
	_, err := s.do(ctx, http.MethodPost)
	g.Expect(err).To(HaveOccurred())
	g.Expect(s.Bucket().InFlight()).To(BeEquivalentTo(1))
	slot.done(start)
	g.Expect(s.Bucket().InFlight()).To(BeZero())
}

func TestASlotOfAnotherInstallationPaysNothingHere(t *testing.T) {
	g := NewWithT(t)
	s := newSCM(t, status(http.StatusOK), nil)
	s.all.SetLimits(s.ID(), "only", Limits{RequestsPerHour: 1})
	slot, _ := s.all.Get("other").Bucket().reserve(start, nil, 1)
	ctx := WithSlot(timeout(t), slot)
	_, err := s.do(ctx, http.MethodPost)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = s.do(ctx, http.MethodPost)
	g.Expect(err).To(HaveOccurred())
	g.Expect(slot.paid).To(BeZero())
}

func TestARequestIsInFlightUntilItsBodyIsClosed(t *testing.T) {
	g := NewWithT(t)
	s := newSCM(t, status(http.StatusOK), nil)
	s.all.SetLimits(s.ID(), "only", Limits{MaxInFlight: 1})
	resp, err := s.client.Get(s.url)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = s.do(timeout(t), http.MethodGet)
	beThrottledUntil(g, err, s, start.Add(time.Second))
	g.Expect(resp.Body.Close()).To(Succeed())
	g.Expect(resp.Body.Close()).To(Succeed())
	g.Expect(s.Bucket().InFlight()).To(BeZero())
	s.url = "http://127.0.0.1:1"
	_, err = s.do(timeout(t), http.MethodGet)
	g.Expect(err).To(HaveOccurred())
	g.Expect(s.Bucket().InFlight()).To(BeZero(), "a failure is no longer in flight")
}

func TestTheClassifierSeesTheStartOfARefusalAndTheCallerAllOfIt(t *testing.T) {
	g := NewWithT(t)
	long := strings.Repeat("x", maxErrorBody+1000)
	code, seen := http.StatusForbidden, -1
	s := newSCM(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, long)
	}, func(_ *http.Request, _ *http.Response, body []byte, _ time.Time) (Feedback, error) {
		seen = len(body)
		return Feedback{}, nil
	})
	for _, c := range []struct{ code, seen int }{{http.StatusForbidden, maxErrorBody}, {http.StatusOK, 0}} {
		code = c.code
		resp, err := s.client.Get(s.url)
		g.Expect(err).NotTo(HaveOccurred())
		all, err := io.ReadAll(resp.Body)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(resp.Body.Close()).To(Succeed())
		g.Expect(string(all)).To(Equal(long))
		g.Expect(seen).To(Equal(c.seen))
	}
}

func TestTheClassifiersErrorTakesThePlaceOfTheAnswer(t *testing.T) {
	g := NewWithT(t)
	refused := errors.New("refused")
	s := newSCM(t, status(http.StatusForbidden), func(_ *http.Request, _ *http.Response, _ []byte, now time.Time) (Feedback, error) {
		return Feedback{PauseUntil: now.Add(time.Minute)}, refused
	})
	_, err := s.do(timeout(t), http.MethodGet)
	g.Expect(err).To(MatchError(refused))
	g.Expect(s.Bucket().InFlight()).To(BeZero())
	g.Expect(s.PausedUntil()).NotTo(BeZero(), "what it said about the budget holds all the same")
}

func TestABodyIsReadUpToTenMebibytes(t *testing.T) {
	for name, c := range map[string]struct {
		size int
		err  error
	}{"at the cap": {maxBody, nil}, "past the cap": {maxBody + 1, errBodyTooLong}} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := newSCM(t, func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write(make([]byte, c.size))
			}, nil)
			resp, err := s.client.Get(s.url)
			g.Expect(err).NotTo(HaveOccurred())
			all, err := io.ReadAll(resp.Body)
			g.Expect(resp.Body.Close()).To(Succeed())
			if c.err == nil {
				g.Expect(err).NotTo(HaveOccurred())
			} else {
				g.Expect(err).To(MatchError(c.err))
			}
			g.Expect(all).To(HaveLen(maxBody))
		})
	}
}

func TestEveryRequestHasADeadline(t *testing.T) {
	g := NewWithT(t)
	s := newSCM(t, status(http.StatusOK), nil)
	var left time.Duration
	r := s.RoundTripper(func(req *http.Request, _ *http.Response, _ []byte, _ time.Time) (Feedback, error) {
		deadline, _ := req.Context().Deadline()
		left = time.Until(deadline)
		return Feedback{}, nil
	})
	s.client.Transport = r
	_, err := s.do(context.Background(), http.MethodGet)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(left).To(BeNumerically("~", 30*time.Second, 5*time.Second))
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	_, err = s.do(ctx, http.MethodGet)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(left).To(BeNumerically("~", 30*time.Second, 5*time.Second), "no caller's patience holds up a worker for longer")
}

func TestARedirectToAnotherHostIsRefused(t *testing.T) {
	g := NewWithT(t)
	other := newSCM(t, status(http.StatusOK), nil)
	s := newSCM(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.url, http.StatusTemporaryRedirect)
	}, nil)
	_, err := s.do(timeout(t), http.MethodGet)
	g.Expect(err).To(MatchError(ContainSubstring("another host")))
	g.Expect(other.calls.Load()).To(BeZero())
}

func TestAtMostFiveRedirectsOnTheSameHostAreFollowed(t *testing.T) {
	g := NewWithT(t)
	s := newSCM(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/again", http.StatusTemporaryRedirect)
	}, nil)
	_, err := s.do(timeout(t), http.MethodGet)
	g.Expect(err).To(MatchError(ContainSubstring("redirected more than 5 times")))
	g.Expect(s.calls.Load()).To(BeEquivalentTo(6))
}

// counted is how many samples a metric has with a set of labels, a=b sorted.
func counted(g Gomega, name, labels string) uint64 {
	families, err := metrics.Registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			var pairs []string
			for _, l := range metric.GetLabel() {
				pairs = append(pairs, l.GetName()+"="+l.GetValue())
			}
			if family.GetName() == name && strings.Join(pairs, ",") == labels {
				return uint64(metric.GetCounter().GetValue()) + metric.GetHistogram().GetSampleCount()
			}
		}
	}
	return 0
}

func TestEveryAttemptIsCounted(t *testing.T) {
	g := NewWithT(t)
	s := newSCM(t, status(http.StatusTeapot), nil)
	id := "installation=" + s.ID() + ",operation=list_check_runs,provider=github"
	before := counted(g, "commit_status_hub_scm_request_duration_seconds", id)
	count := func(code string) uint64 {
		return counted(g, "commit_status_hub_scm_requests_total", "code="+code+","+id)
	}
	answered, failed := count("418"), count("error")
	ctx := WithOperation(timeout(t), "github", "list_check_runs")
	_, err := s.do(ctx, http.MethodGet)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(count("418") - answered).To(BeEquivalentTo(1))
	s.url = "http://127.0.0.1:1"
	_, err = s.do(ctx, http.MethodGet)
	g.Expect(err).To(HaveOccurred())
	g.Expect(count("error") - failed).To(BeEquivalentTo(1))
	s.all.SetLimits(s.ID(), "only", Limits{PointsPerMinute: 1})
	_, err = s.do(ctx, http.MethodPost)
	g.Expect(err).To(HaveOccurred())
	g.Expect(counted(g, "commit_status_hub_scm_request_duration_seconds", id)-before).To(BeEquivalentTo(2), "what is not sent is no attempt")
}
