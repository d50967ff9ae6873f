package wire_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// fake is an SCM that writes down which of its steps were taken.
type fake struct {
	wire.Server
	steps   []string
	refuses bool
}

func newFake(t *testing.T) *fake {
	f := &fake{}
	f.Start(wire.Options{
		SCM: "SCM", Clock: clock.RealClock{}, Form: wire.Form{JSON: "application/json", Text: "text/plain"},
		Redact: func(body []byte) []byte { return bytes.ReplaceAll(body, []byte("secret"), []byte("***")) },
		Steps:  f.of,
	})
	t.Cleanup(f.Close)
	return f
}

func (f *fake) of(x *wire.Exchange) wire.Steps {
	return wire.Steps{
		Arrive: func() { f.take("arrive") },
		Admit: func() *wire.Answer {
			f.take("admit")
			if f.refuses {
				return &wire.Answer{Status: http.StatusTooManyRequests, Header: http.Header{}}
			}
			return nil
		},
		Act: func() wire.Answer {
			f.take("act")
			return wire.Answer{Status: http.StatusOK, Header: http.Header{}, Body: x.Body}
		},
		Finish:   func(a *wire.Answer) { f.take("finish"); a.SetDefault("Retry-After", "1") },
		Announce: func(a wire.Answer) { f.take("announce " + a.Header.Get("Retry-After")) },
		Leave:    func() { f.take("leave") },
	}
}

// take needs no lock: one is held in every step.
func (f *fake) take(step string) { f.steps = append(f.steps, step) }

// post sends a secret and returns what came back: a status, 0 for none, and a body,
// as far as it came.
func (f *fake) post(t *testing.T) (status int, body string) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.Root(), strings.NewReader("a secret"))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	request.Header.Set("Authorization", "Bearer secret")
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}

func TestStepsComeInOrderWhateverTheFault(t *testing.T) {
	for name, tc := range map[string]struct {
		fault   wire.Fault
		refuses bool
		status  int
		body    string
		steps   string
		lost    bool
	}{
		"none":        {status: 200, body: "a secret", steps: "arrive admit act finish announce 1 leave"},
		"refused":     {refuses: true, status: 429, steps: "arrive admit finish announce 1 leave"},
		"status":      {fault: wire.Fault{Status: 502, Body: "x"}, status: 502, body: "x", steps: "arrive admit finish announce 1 leave"},
		"header":      {fault: wire.Fault{Header: http.Header{"Retry-After": {"7"}}}, status: 200, body: "a secret", steps: "arrive admit act finish announce 7 leave"},
		"drop before": {fault: wire.Fault{DropBefore: true}, steps: "arrive admit leave"},
		"drop after":  {fault: wire.Fault{DropAfter: true}, steps: "arrive admit act finish announce 1 leave", lost: true},
		"cut body":    {fault: wire.Fault{CutBody: true}, status: 200, body: "a se", steps: "arrive admit act finish announce 1 leave", lost: true},
		"slow body":   {fault: wire.Fault{SlowBody: 20 * time.Millisecond}, status: 200, body: "a secret", steps: "arrive admit act finish announce 1 leave"},
	} {
		t.Run(name, func(t *testing.T) {
			g, f := NewWithT(t), newFake(t)
			f.refuses = tc.refuses
			f.Inject(tc.fault)
			status, body := f.post(t)
			f.Close()
			g.Expect(status).To(Equal(tc.status))
			g.Expect(body).To(Equal(tc.body))
			g.Expect(strings.Join(f.steps, " ")).To(Equal(tc.steps))
			g.Expect(f.Calls()).To(HaveLen(1))
			g.Expect(f.Calls()[0].Lost).To(Equal(tc.lost))
		})
	}
}

func TestASlowBodyTakesItsTime(t *testing.T) {
	g, f := NewWithT(t), newFake(t)
	const takes = 300 * time.Millisecond
	f.Inject(wire.Fault{SlowBody: takes})
	begun := time.Now()
	_, body := f.post(t)
	g.Expect(body).To(Equal("a secret"))
	g.Expect(time.Since(begun)).To(BeNumerically(">=", takes))
}

func TestAnAnswerThatHangsIsActedUpon(t *testing.T) {
	g, f := NewWithT(t), newFake(t)
	f.Inject(wire.Fault{HangAfter: true})
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan error, 1)
	go func() {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.Root(), http.NoBody)
		if err == nil {
			_, err = (&http.Transport{}).RoundTrip(request)
		}
		answered <- err
	}()
	g.Eventually(f.Calls).Should(ConsistOf(And(HaveField("Lost", true), HaveField("Status", http.StatusOK))))
	g.Consistently(answered).WithTimeout(50 * time.Millisecond).ShouldNot(Receive())
	cancel()
	g.Eventually(answered).Should(Receive(HaveOccurred()))
}

func TestALateActComesAfterTheConnectionIsClosed(t *testing.T) {
	g, f := NewWithT(t), newFake(t)
	const late = 300 * time.Millisecond
	f.Inject(wire.Fault{ActLate: late})
	status, _ := f.post(t)
	g.Expect(status).To(BeZero())
	g.Expect(f.Calls()).To(ConsistOf(HaveField("Status", 0)))
	g.Eventually(f.Calls).Should(ConsistOf(And(HaveField("Lost", true), HaveField("Status", http.StatusOK))))
	call := f.Calls()[0]
	g.Expect(call.Answered.Sub(call.At)).To(BeNumerically(">=", late))
	f.Close()
	g.Expect(strings.Join(f.steps, " ")).To(Equal("arrive admit leave act finish announce 1"))
}

func TestTheLedgerTellsWhereACallCameFrom(t *testing.T) {
	g, f := NewWithT(t), newFake(t)
	f.post(t)
	g.Expect(f.Calls()[0].Peer).To(MatchRegexp(`^127\.0\.0\.1:\d+$`))
}

func TestTheLedgerHoldsNoSecret(t *testing.T) {
	g, f := NewWithT(t), newFake(t)
	f.post(t)
	f.Close()
	call := f.Calls()[0]
	g.Expect(call.RequestHeader).NotTo(HaveKey("Authorization"))
	g.Expect(string(call.RequestBody)).To(Equal("a ***"))
	g.Expect(string(call.ResponseBody)).To(Equal("a ***"))
}
