package github_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

func isWrite(r *http.Request) bool { return r.Method == http.MethodPost }

func TestAFaultAnswersInPlaceOfGitHub(t *testing.T) {
	w := newWorld(t)
	w.Inject(github.Fault{
		Match: isWrite, Times: 2, Status: 502, Body: `{"message":"Server Error"}`,
		Header: http.Header{"Retry-After": {"7"}, "x-ratelimit-remaining": nil},
	})
	w.Expect(w.list("").Status).To(Equal(200), "it does not match")
	for range 2 {
		a := w.create("")
		w.Expect(a.Status).To(Equal(502))
		w.Expect(a.Text("message")).To(Equal("Server Error"))
		w.Expect(a.Header.Get("Retry-After")).To(Equal("7"))
		w.Expect(a.Header).NotTo(HaveKey("X-Ratelimit-Remaining"))
	}
	w.Expect(w.CheckRuns("acme/shop", sha)).To(BeEmpty())
	w.Expect(w.create("").Status).To(Equal(201), "it is used up")
}

func TestAFaultCanReadTheBodyAndLastUntilItIsCleared(t *testing.T) {
	w := newWorld(t)
	w.Inject(github.Fault{Times: -1, Status: 500, Match: func(r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		return strings.Contains(string(body), "bad")
	}})
	for range 5 {
		w.Expect(w.create(`,"external_id":"bad"`).Status).To(Equal(500))
	}
	w.Expect(w.create(`,"external_id":"good"`).Status).To(Equal(201))
	w.ClearFaults()
	w.Expect(w.create(`,"external_id":"bad"`).Status).To(Equal(201))
}

func TestADropBeforeDoesNothingAndADropAfterDoesAll(t *testing.T) {
	w := newWorld(t)
	w.Inject(github.Fault{Match: isWrite, DropBefore: true})
	_, err := w.try("POST", repo+"/check-runs", `{"name":"test","head_sha":"`+sha+`"}`, w.token)
	w.Expect(err).To(HaveOccurred())
	w.Expect(w.CheckRuns("acme/shop", sha)).To(BeEmpty())

	w.Inject(github.Fault{Match: isWrite, DropAfter: true})
	_, err = w.try("POST", repo+"/check-runs", `{"name":"test","head_sha":"`+sha+`"}`, w.token)
	w.Expect(err).To(HaveOccurred())
	w.Expect(w.CheckRuns("acme/shop", sha)).To(HaveLen(1))

	writes := w.Writes()
	w.Expect(writes).To(HaveLen(2))
	w.Expect(writes[0].Status).To(BeZero())
	w.Expect(writes[0].Injected).To(BeTrue())
	w.Expect(writes[1].Status).To(Equal(201))
	w.Expect(writes[1].Lost).To(BeTrue())
}

func TestADelayPassesBeforeTheRequestIsActedUpon(t *testing.T) {
	w := newWorld(t)
	w.Inject(github.Fault{Delay: time.Minute})
	done := make(chan answer, 1)
	go func() {
		a, _ := w.try("POST", repo+"/check-runs", `{"name":"test","head_sha":"`+sha+`"}`, w.token)
		done <- a
	}()
	w.Eventually(w.clock.HasWaiters).Should(BeTrue())
	w.Expect(w.CheckRuns("acme/shop", sha)).To(BeEmpty())
	w.clock.Step(time.Minute)
	w.Eventually(done).Should(Receive(WithTransform(func(a answer) int { return a.Status }, Equal(201))))
	calls := w.Writes()
	w.Expect(calls[0].Answered.Sub(calls[0].At)).To(Equal(time.Minute))
}

func TestAHungRequestEndsWithItsClient(t *testing.T) {
	w := newWorld(t)
	w.Inject(github.Fault{Hang: true})
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL()+"/app", http.NoBody)
	w.Expect(err).NotTo(HaveOccurred())
	done := make(chan error, 1)
	go func() {
		response, err := w.client.HTTP.Do(r)
		if err == nil {
			response.Body.Close()
		}
		done <- err
	}()
	w.Eventually(w.Calls).Should(HaveLen(2))
	w.Consistently(done, "50ms").ShouldNot(Receive())
	cancel()
	w.Eventually(done).Should(Receive(MatchError(context.Canceled)))
}

func TestCloseEndsWhatHangs(t *testing.T) {
	w := newWorld(t)
	w.Inject(github.Fault{Times: 2, Hang: true})
	w.Inject(github.Fault{Times: 2, Delay: time.Hour})
	done := make(chan error, 4)
	for range 4 {
		go func() {
			_, err := w.try("POST", repo+"/check-runs", `{}`, w.token)
			done <- err
		}()
	}
	w.Eventually(func() int {
		met := 0
		for _, c := range w.Writes() {
			if c.Injected {
				met++
			}
		}
		return met
	}).Should(Equal(4))
	w.Close()
	for range 4 {
		w.Eventually(done).Should(Receive(HaveOccurred()))
	}
	w.Expect(w.Writes()).To(HaveEach(HaveField("Status", 0)), "the ledger outlives the server")
	w.Close()
}

func TestTheServerTakesManyClientsAtOnce(t *testing.T) {
	w := newWorld(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 10 {
				_, _ = w.try("POST", repo+"/check-runs", `{"name":"test","head_sha":"`+sha+`"}`, w.token)
				w.AddCommit("acme/shop", other)
				w.Calls()
				w.Violations()
			}
		})
	}
	group.Wait()
	w.Expect(w.CheckRuns("acme/shop", sha)).To(HaveLen(80))
	w.Expect(w.Writes()).To(HaveLen(80))
}
