package chaos

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

const (
	// meets is how long a fault of an SCM waits for a request to meet.
	meets = 15 * time.Second
	// late is longer than anybody waits for a write whose answer was lost, and lateSeen
	// how long after its answer was lost it is over.
	late, lateSeen = 16 * time.Second, 25 * time.Second
	// lateName begins the names of statuses that are written late, and lateRepo is their
	// GitRepo.
	lateName, lateRepo = "late-", "late"
)

// injectSCM has an SCM misbehave, and reports whether a request met that.
func (w *world) injectSCM(ctx context.Context, f *forge, fault Fault) bool {
	if fault.Kind == Refused {
		return w.refuse(ctx, f, fault)
	}
	provider := f.provider(fault)
	spoiled := f.spoil(fault)
	var met atomic.Int64
	var over atomic.Bool
	spoiled.Match = func(r *http.Request) bool {
		if over.Load() || !f.concerns(r, provider, fault) {
			return false
		}
		met.Add(1)
		return true
	}
	f.Inject(spoiled)
	until(ctx, meets, func() bool { return met.Load() >= int64(spoiled.Times) })
	over.Store(true)
	return met.Load() > 0
}

// concerns reports whether a fault is about a request: a write of a provider, or with some
// kinds anything about a repository.
func (f *forge) concerns(r *http.Request, provider string, fault Fault) bool {
	if fault.Kind != LostAnswer && fault.Kind != Secondary && fault.Variant%4 == 0 {
		return strings.Contains(r.URL.Path, "/repos/") || strings.Contains(r.URL.Path, "/projects/")
	}
	return f.writes(r) == provider && !isLate(r)
}

func (f *forge) spoil(fault Fault) wire.Fault {
	spoiled := wire.Fault{Times: 1 + fault.Variant%2}
	switch fault.Kind {
	case TooMany, Secondary:
		spoiled.Times = 1
		spoiled.Status, spoiled.Body = f.limited(fault.Kind)
		spoiled.Header = http.Header{"Retry-After": {strconv.Itoa(int(fault.Length.Seconds()))}}
	case ServerError:
		spoiled.Status = []int{http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable}[fault.Variant%3]
		spoiled.Body = "<html>it is broken</html>"
	case LostAnswer:
		// Most clients lose the connection; some wait until they give up.
		spoiled.DropAfter = fault.Variant%5 != 0
		spoiled.HangAfter = !spoiled.DropAfter
	case SlowBody:
		spoiled.SlowBody = fault.Length
	case CutBody:
		spoiled.CutBody = true
	}
	return spoiled
}

// refuse has an SCM refuse connections for a while. Whether anybody came is what the hub
// says: a request without an answer.
func (w *world) refuse(ctx context.Context, f *forge, fault Fault) bool {
	failures := func() (sum float64) {
		for _, r := range w.fleet.list() {
			if i := r.now(); i != nil && i.alive() {
				n, _ := i.metric(ctx, "commit_status_hub_scm_requests_total", f.gate.Address(), `code="error"`)
				sum += n
			}
		}
		return sum
	}
	before := failures()
	f.gate.Shut()
	wait(ctx, fault.Length)
	met := until(ctx, meets-fault.Length, func() bool { return failures() > before })
	if err := f.gate.Open(); err != nil {
		w.fail(err)
	}
	return met
}

// injectLate has one write take effect long after its answer was lost, at a status of its
// own that is asked for to that end.
func (w *world) injectLate(ctx context.Context, n int) (met bool, err error) {
	f, m := w.forges[0], w.members[0]
	p := f.providers[0]
	name := lateName + strconv.Itoa(n)
	var seen atomic.Bool
	f.Inject(wire.Fault{ActLate: late, Match: func(r *http.Request) bool {
		if r.Method != http.MethodPost || !isNamed(r, name) {
			return false
		}
		seen.Store(true)
		return true
	}})
	spec := v1alpha1.CommitStatusSpec{
		GitRepoRef: v1alpha1.ObjectReference{Name: lateRepo}, SHA: commit(known - 1 - n), Name: name,
		Phase: v1alpha1.PhaseSuccess, Description: "late", URL: "https://ci.example.com/" + name,
	}
	repo := &v1alpha1.GitRepo{ObjectMeta: in(team, lateRepo), Spec: v1alpha1.GitRepoSpec{
		ScmProviderRef: v1alpha1.ObjectReference{Name: p.Name}, Repository: p.Repositories[0],
	}}
	if err := w.insist(ctx, func() error { return client.IgnoreAlreadyExists(m.cluster.Client.Create(ctx, repo)) }); err != nil {
		return false, fmt.Errorf("making a GitRepo: %w", err)
	}
	w.asked.add(placeOf(p.Name, p.Repositories[0], spec), contentOf(spec))
	if err := m.insist(ctx, Act{Verb: "create", Object: name, Spec: spec}); err != nil {
		return false, err
	}
	// The first attempt may come late itself.
	until(ctx, time.Minute, seen.Load)
	wait(ctx, lateSeen)
	return seen.Load(), m.insist(ctx, Act{Verb: "delete", Object: name})
}

func isNamed(r *http.Request, name string) bool {
	body, err := io.ReadAll(r.Body)
	return err == nil && bytes.Contains(body, []byte(fmt.Sprintf("%q", name)))
}

// isLate reports whether a request is about a status that is written late. It is not to
// meet other faults: how often it was made is counted.
func isLate(r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	return err == nil && bytes.Contains(body, []byte(`"`+lateName))
}
