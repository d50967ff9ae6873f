package gitlab_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

func isWrite(r *http.Request) bool { return r.Method == http.MethodPost }

func TestAFaultAnswersInPlaceOfGitLab(t *testing.T) {
	w := newWorld(t)
	w.Inject(gitlab.Fault{Match: isWrite, Times: 2, Status: 502, Body: "<html>", Header: http.Header{"X-Request-Id": nil}})
	w.Expect(w.list("").Status).To(Equal(200))
	for range 2 {
		a := w.set("success", "")
		w.Expect(a.Status).To(Equal(502))
		w.Expect(a.Header).NotTo(HaveKey("X-Request-Id"))
	}
	w.Expect(w.Statuses(shop, sha)).To(BeEmpty())
	w.Expect(w.set("success", "").Status).To(Equal(201))
	w.Inject(gitlab.Fault{Times: -1, Status: 500})
	w.Expect(w.set("success", "").Status).To(Equal(500))
	w.ClearFaults()
	w.Expect(w.set("success", "").Status).To(Equal(201))
}

func TestDropsAndCuts(t *testing.T) {
	for name, tc := range map[string]struct {
		fault gitlab.Fault
		acts  bool
	}{
		"before": {gitlab.Fault{DropBefore: true}, false},
		"after":  {gitlab.Fault{DropAfter: true}, true},
		"cut":    {gitlab.Fault{CutBody: true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Inject(tc.fault)
			_, err := w.try("POST", project+"/statuses/"+sha, `{"state":"success"}`, w.token)
			w.Expect(err).To(HaveOccurred())
			w.Expect(len(w.Statuses(shop, sha)) == 1).To(Equal(tc.acts))
			w.Expect(w.Writes()[0].Lost).To(Equal(tc.acts))
			w.Expect(w.Writes()[0].Injected).To(BeTrue())
			w.Expect(w.set("success", "").Status).To(Equal(201), "the lock is free again")
		})
	}
}

func TestOneStatusOfACommitIsWrittenAtATime(t *testing.T) {
	w := newWorld(t)
	w.AddCommit(shop, other, "main")
	w.Inject(gitlab.Fault{Match: isWrite, Delay: time.Minute})
	done := make(chan answer, 1)
	go func() {
		a, _ := w.try("POST", project+"/statuses/"+sha, `{"state":"success"}`, w.token)
		done <- a
	}()
	w.Eventually(w.clock.HasWaiters).Should(BeTrue())
	a := w.set("success", "")
	w.Expect(a.Status).To(Equal(409))
	w.Expect(a.Text("message")).To(Equal("409 Conflict: Another update to this commit status is in progress"))
	w.Expect(w.Statuses(shop, sha)).To(BeEmpty())
	w.Expect(w.call("POST", project+"/statuses/"+other, `{"state":"success"}`).Status).To(Equal(201), "another commit is not locked")
	w.Expect(w.list("").Status).To(Equal(200))
	w.clock.Step(time.Minute)
	w.Eventually(done).Should(Receive(WithTransform(func(a answer) int { return a.Status }, Equal(201))))
	w.Eventually(func() int { return w.set("success", "").Status }).Should(Equal(201))
}

func TestCloseEndsWhatHangs(t *testing.T) {
	w := newWorld(t)
	w.Inject(gitlab.Fault{Hang: true})
	w.Inject(gitlab.Fault{Delay: time.Hour})
	done := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := w.try("GET", "/user", "", w.token)
			done <- err
		}()
	}
	w.Eventually(func() int {
		met := 0
		for _, c := range w.Calls() {
			if c.Injected {
				met++
			}
		}
		return met
	}).Should(Equal(2))
	w.Close()
	for range 2 {
		w.Eventually(done).Should(Receive(HaveOccurred()))
	}
	w.Expect(w.Calls()).To(HaveEach(HaveField("Status", 0)))
}

func TestTheServerTakesManyClientsAtOnce(t *testing.T) {
	w := newWorld(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 10 {
				_, _ = w.try("POST", project+"/statuses/"+sha, `{"state":"success"}`, w.token)
				w.AddCommit(shop, other)
				w.Calls()
				w.Violations()
			}
		})
	}
	group.Wait()
	written := 0
	for _, c := range w.Writes() {
		w.Expect(c.Status).To(Or(Equal(201), Equal(409)))
		if c.Status == 201 {
			written++
		}
	}
	w.Expect(w.Statuses(shop, sha)).To(HaveLen(written))
}
