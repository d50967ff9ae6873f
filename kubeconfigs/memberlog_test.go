package kubeconfigs

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

func TestLimitLog_BoundsTheLinesAboutOneMember(t *testing.T) {
	g := NewWithT(t)
	var lines []string
	clk := clocktesting.NewFakePassiveClock(time.Now())
	log := LimitLog(funcr.New(func(_, line string) { lines = append(lines, line) }, funcr.Options{}), clk)
	about := func(what string) (n int) {
		for _, line := range lines {
			if strings.Contains(line, what) {
				n++
			}
		}
		return n
	}
	start := clk.Now()
	eu := log.WithValues("cluster", "eu")
	for second := range 60 {
		clk.SetTime(start.Add(time.Duration(second) * time.Second))
		for n := range 100 {
			eu.Info("denied", "n", n)
			log.WithName("publish").Error(errors.New("no"), "not patched", "cluster", "us")
			log.Info("wrote status")
		}
	}
	g.Expect(about(`"cluster"="eu"`)).To(And(BeNumerically(">", memberLinesBurst), BeNumerically("<=", 100)))
	g.Expect(about(`"cluster"="us"`)).To(And(BeNumerically(">", memberLinesBurst), BeNumerically("<=", 100)))
	g.Expect(about("wrote status")).To(Equal(6000), "that is no member's doing alone")
	g.Expect(about("linesLeftOut")).To(BeNumerically(">", 0))
}

func TestLimitLog_ShowsNoControlCharactersOfAMember(t *testing.T) {
	g := NewWithT(t)
	var lines []string
	log := LimitLog(funcr.New(func(_, line string) { lines = append(lines, line) }, funcr.Options{}), clocktesting.NewFakePassiveClock(time.Now()))
	text := "a\x1b[2J\u202e" + strings.Repeat("x", 10_000)
	log.Info("denied", "cluster", "eu", "sha", text)
	log.WithValues("cluster", "eu", "name", text).Info("denied")
	log.WithValues("cluster", "eu").Error(errors.New(text), "not patched", "error", fmt.Errorf("so: %s", text))
	g.Expect(lines).To(HaveLen(3))
	for _, line := range lines {
		g.Expect(line).NotTo(Or(ContainSubstring("\x1b"), ContainSubstring(`\x1b`), ContainSubstring(`\u001b`), ContainSubstring("\u202e")))
		g.Expect(len(line)).To(BeNumerically("<", 1000))
	}
}

// client-go logs each event that a member refuses, with what the member says.
func TestAMemberThatRefusesEventsFillsNoLog(t *testing.T) {
	g := NewWithT(t)
	var refused atomic.Int32
	c := hostile(t, func(out http.ResponseWriter, _ *http.Request) {
		defer refused.Add(1)
		out.Header().Set("Content-Type", "application/json")
		out.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(out, `{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"Forbidden","code":403,"message":"what a member says"}`)
	})
	var mu sync.Mutex
	var said int
	log := LimitLog(funcr.New(func(_, line string) {
		mu.Lock()
		defer mu.Unlock()
		if strings.Contains(line, "what a member says") {
			said++
		}
	}, funcr.Options{}), clock.RealClock{})
	p := New(Options{Scheme: clusters.Scheme(), Log: log})
	made, _, err := p.newCluster(c, nil, nil, newObjectLimiters(p, "eu", func() {}, func(error) {}))
	g.Expect(err).NotTo(HaveOccurred())
	recorder := made.GetEventRecorder("commit-status-hub")
	const events = 300
	for n := range events {
		about := &v1alpha1.CommitStatus{}
		about.Namespace, about.Name = "team", fmt.Sprint("status-", n)
		recorder.Eventf(about, nil, corev1.EventTypeNormal, "Synced", "Publish", "it shows")
	}
	g.Eventually(refused.Load).Should(BeNumerically("==", events))
	mu.Lock()
	defer mu.Unlock()
	g.Expect(said).To(BeNumerically("<=", 100))
}
