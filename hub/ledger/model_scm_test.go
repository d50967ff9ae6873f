package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// modelSCM is an SCM in memory, as strict as GitHub's checks API: a create always
// makes a new run, only the App that made a run changes it, and a completed run is
// never opened again.
type modelSCM struct {
	runs []*modelRun
	// pushed are the commits that there are, and versions count what changed on each.
	pushed   map[ledger.Key]bool
	versions map[ledger.Key]int
	// late are writes that were sent and take effect yet.
	late []lateWrite
	// inFlight are the writes that are under way, by key.
	inFlight map[ledger.Key]string
	// touched are the places that somebody else may have changed since the hub wrote or
	// looked last: what it believes of them may be wrong.
	touched map[modelPlace]bool
	// drifted are the keys at which somebody else changed something since the hub wrote.
	drifted map[ledger.Key]bool
	effects []effect
	// looked counts look-ups.
	looked int
	// path is what acme/shop is called today.
	path string
}

// modelPlace is what one App shows at a key.
type modelPlace struct {
	app string
	key ledger.Key
}

// modelRun is one check run.
type modelRun struct {
	providers.Status
	modelPlace
	id       int64
	external string
	// knownBy is the hub that had it last in an answer.
	knownBy *modelHub
}

type lateWrite struct {
	modelPlace
	due  time.Time
	verb string
	// orphan reports whether the process that sent it is gone.
	orphan bool
	commit func()
}

// effect is a write that changed something.
type effect struct {
	modelPlace
	at    time.Time
	verb  string
	run   int64
	phase v1alpha1.Phase
}

func newModelSCM() *modelSCM {
	return &modelSCM{
		path: modelPaths[0], pushed: map[ledger.Key]bool{}, versions: map[ledger.Key]int{}, inFlight: map[ledger.Key]string{}, touched: map[modelPlace]bool{}, drifted: map[ledger.Key]bool{},
	}
}

// newest is the newest run of a place, with whatever mark; nil for none.
func (s *modelSCM) newest(at modelPlace, fits func(*modelRun) bool) *modelRun {
	for _, run := range slices.Backward(s.runs) {
		if run.modelPlace == at && fits(run) {
			return run
		}
	}
	return nil
}

func anyRun(*modelRun) bool { return true }

func (r *modelRun) ours() bool {
	return slices.ContainsFunc(keysOf(r.key), func(key ledger.Key) bool { return r.external == key.ExternalID() })
}

// shown is what a run shows to its App, nil for none.
func (r *modelRun) shown() *providers.Shown {
	if r == nil {
		return nil
	}
	handle := v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: r.id}}
	return &providers.Shown{Status: r.Status, Handle: handle, Foreign: !r.ours()}
}

func (r *modelRun) String() string {
	if r == nil {
		return "nothing"
	}
	mark := ""
	if !r.ours() {
		mark = " foreign"
	}
	return fmt.Sprintf("run %d of %s%s: %s", r.id, r.app, mark, statusText(r.Status))
}

func statusText(s providers.Status) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", s.Phase, s.Description, s.URL))
}

func (s *modelSCM) changed(key ledger.Key) { s.versions[commitOf(key)]++ }

func (s *modelSCM) create(at modelPlace, external string, want providers.Status) *modelRun {
	run := &modelRun{Status: want, modelPlace: at, id: int64(len(s.runs) + 1), external: external}
	s.runs = append(s.runs, run)
	s.changed(at.key)
	return run
}

// update changes a run as a PATCH does: what the body has no value for stays.
func (s *modelSCM) update(run *modelRun, want providers.Status) {
	if !run.Phase.Terminal() || want.Phase.Terminal() {
		run.Phase = want.Phase
	}
	if want.Description != "" {
		run.Description = want.Description
	}
	if want.URL != "" {
		run.URL = want.URL
	}
	s.changed(run.key)
}

// remove makes a run go away. Its number is not given again.
func (s *modelSCM) remove(run *modelRun) {
	s.changed(run.key)
	run.modelPlace = modelPlace{}
}

func (s *modelSCM) byID(id int64) *modelRun {
	if id < 1 || id > int64(len(s.runs)) || s.runs[id-1].app == "" {
		return nil
	}
	return s.runs[id-1]
}

// modelApp is a ScmProvider's account, and the client of all of its repositories.
type modelApp struct {
	m   *model
	app string
}

var _ providers.Account = (*modelApp)(nil)

func (a *modelApp) Render(want providers.Status) providers.Status { return want }

// Next is GitHub's: a PATCH neither opens a completed run nor empties a field.
func (a *modelApp) Next(shown *providers.Shown, want providers.Status) providers.Step {
	switch {
	case shown == nil:
		return providers.StepCreate
	case shown.Status == want:
		return providers.StepNone
	case shown.Foreign, shown.Handle.GitHub == nil, shown.Over() && !want.Over():
		return providers.StepCreate
	case (shown.URL == "" || want.URL != "") && (shown.Description == "" || want.Description != ""):
		return providers.StepUpdate
	case shown.Over():
		return providers.StepCreate
	}
	return providers.StepReplace
}

func (a *modelApp) Writer() string { return "github.com/app/" + a.app }

func (a *modelApp) Lane(string) (string, bool) { return a.Writer(), true }

func (a *modelApp) Client(_ context.Context, repository string) (providers.Client, error) {
	return modelClient{a, repository}, nil
}

// Renew learns nothing: there are no tokens.
func (a *modelApp) Renew(context.Context, string, *providers.Error) error { return nil }

func (a *modelApp) placeOf(at providers.Target) modelPlace {
	return modelPlace{a.app, ledger.Key{Kind: "github", Host: "github.com", Repository: firstPath(at.Repository), SHA: at.SHA, Name: at.Name}}
}

func noCommit(key ledger.Key) *providers.Error {
	return providers.Errorf(v1alpha1.ReasonCommitNotFound, "repository %s has no commit %s", key.Repository, key.SHA)
}

func (a *modelApp) Create(_ context.Context, at providers.Target, want providers.Status) (providers.Shown, error) {
	place, scm := a.placeOf(at), a.m.scm
	if err := a.m.redirected(at.Repository); err != nil {
		return providers.Shown{}, err
	}
	newest := scm.newest(place, anyRun)
	a.m.mayWrite(place, want, newest)
	if step := a.Next(newest.shown(), want); step != providers.StepCreate && !scm.touched[place] {
		if !a.m.hub.mayDuplicate(newest) {
			a.m.failf("create of %s at %s, which shows %s: a duplicate", statusText(want), place.key, newest)
		}
		a.m.changes[place.key]++
	}
	return a.m.write(place, "create", want, func() (*modelRun, *providers.Error) {
		if !scm.pushed[commitOf(place.key)] {
			return nil, noCommit(place.key)
		}
		return scm.create(place, at.ExternalID, want), nil
	})
}

func (a *modelApp) Update(_ context.Context, at providers.Target, shown providers.Shown, want providers.Status) (providers.Shown, error) {
	place, scm := a.placeOf(at), a.m.scm
	if err := a.m.redirected(at.Repository); err != nil {
		return providers.Shown{}, err
	}
	id := shown.Handle.GitHub.CheckRunID
	run := scm.byID(id)
	if run != nil && (!run.ours() || run.modelPlace != place) {
		a.m.failf("update at %s by %s of %s, which is not its own", place.key, a.app, run)
	}
	if run != nil && run.Phase.Terminal() && !want.Phase.Terminal() && !scm.touched[place] {
		a.m.failf("update to %s of completed %s", want.Phase, run)
	}
	if !a.closes(place, shown, want) {
		a.m.mayWrite(place, want, run)
	}
	return a.m.write(place, "update", want, func() (*modelRun, *providers.Error) {
		run := scm.byID(id)
		if run == nil {
			err := providers.Errorf(v1alpha1.ReasonRepoNotFound, "check run %d does not exist", id)
			err.Unknown = true
			return nil, err
		}
		scm.update(run, want)
		return run, nil
	})
}

// closes reports whether an update ends an unfinished run in whose place a new one is made:
// that is one more change.
func (a *modelApp) closes(at modelPlace, shown providers.Shown, want providers.Status) bool {
	v, ok := a.m.hub.view.verdict(a.m, at.key, a.m.hub.counts)
	if !ok || v.app != at.app || a.Next(&shown, v.want) != providers.StepReplace || want != providers.Closing(shown.Status, v.want) {
		return false
	}
	a.m.recount()
	a.m.changes[at.key]++
	return true
}

func (a *modelApp) Find(_ context.Context, at providers.Target) (*providers.Shown, error) {
	place, scm := a.placeOf(at), a.m.scm
	scm.looked++
	var out *providers.Shown
	err := a.m.read(place, "find", func() *providers.Error {
		if !scm.pushed[commitOf(place.key)] {
			return noCommit(place.key)
		}
		found := scm.newest(place, (*modelRun).ours)
		scm.known(place, a.m.hub)
		out = found.shown()
		a.m.logf("found %s at %s", found, place.key)
		return nil
	})
	return out, err
}

// known says that the hub learns the run that it made last at a place. Where that is
// not the newest it still believes something wrong.
func (s *modelSCM) known(at modelPlace, by *modelHub) {
	run := s.newest(at, (*modelRun).ours)
	if run != nil {
		run.knownBy = by
	}
	if run == s.newest(at, anyRun) {
		delete(s.touched, at)
	}
}

func (a *modelApp) List(_ context.Context, at providers.Commit, tag string) (providers.Listing, error) {
	commit, scm := commitOf(a.placeOf(providers.Target{Repository: at.Repository, SHA: at.SHA}).key), a.m.scm
	out := providers.Listing{Marked: true, Statuses: map[string]providers.Listed{}}
	err := a.m.read(modelPlace{a.app, commit}, "list", func() *providers.Error {
		if !scm.pushed[commit] {
			return noCommit(commit)
		}
		out.Tag = fmt.Sprintf("v%d", scm.versions[commit])
		if out.Unchanged = out.Tag == tag; out.Unchanged {
			return nil
		}
		for _, run := range scm.runs {
			if run.app == a.app && commitOf(run.key) == commit {
				shown := *run.shown()
				shown.Foreign = false
				out.Statuses[run.key.Name] = providers.Listed{Shown: shown, ExternalID: run.external}
			}
		}
		return nil
	})
	if err != nil {
		return providers.Listing{}, err
	}
	return out, nil
}

func (*modelApp) Obstacle(*providers.Shown, providers.Status) string { return "cannot show it" }

func (*modelApp) Exclusion(providers.Commit) string { return "" }
