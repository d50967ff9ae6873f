package ledger_test

import (
	"time"

	"pgregory.net/rapid"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// fault is what goes wrong with a call.
type fault string

const (
	faultNone       fault = "none"
	faultLostBefore fault = "lost before it took effect"
	faultLostAfter  fault = "lost after it took effect"
	faultLate       fault = "lost, takes effect later"
	faultDenied     fault = "403"
	faultPaused     fault = "a pause"
	faultCrash      fault = "crash before it took effect"
	faultCrashAfter fault = "crash after it took effect"
	faultCrashLate  fault = "crash, takes effect later"
)

var (
	writeFaults = []fault{
		faultNone, faultNone, faultNone, faultNone, faultLostBefore, faultLostAfter, faultLate, faultDenied, faultPaused,
		faultCrash, faultCrashAfter, faultCrashLate,
	}
	readFaults = []fault{faultNone, faultNone, faultNone, faultNone, faultLostBefore, faultDenied, faultPaused, faultCrash}
)

// crashed is what a crash panics with.
type crashed struct{}

// write makes one write: it may be lost, and other things may happen during it.
func (m *model) write(at modelPlace, verb string, want providers.Status, commit func() (*modelRun, *providers.Error)) (providers.Shown, error) {
	scm := m.scm
	f := m.faultOf(writeFaults)
	if f == faultCrashLate && verb != "create" {
		f = faultCrashAfter
	}
	m.logf("%s %s at %s by %s: %s", verb, statusText(want), at.key, at.app, f)
	if other, ok := scm.inFlight[at.key]; ok {
		m.failf("%s at %s while a %s is under way", verb, at.key, other)
	}
	for _, w := range scm.late {
		if w.modelPlace == at && (!w.orphan || verb == "create") {
			m.failf("%s at %s while a %s may yet take effect", verb, at.key, w.verb)
		}
	}
	scm.inFlight[at.key] = verb
	defer delete(scm.inFlight, at.key)
	run, err := m.carryOut(f, at, verb, want, commit)
	if err != nil {
		m.logf("%s at %s failed: %s: %s", verb, at.key, err.Reason, err.Message)
		return providers.Shown{}, err
	}
	return *run, nil
}

// carryOut has a write take effect as its fault says.
func (m *model) carryOut(f fault, at modelPlace, verb string, want providers.Status, commit func() (*modelRun, *providers.Error)) (*providers.Shown, *providers.Error) {
	sentAt := m.now.Now()
	take := func() (*providers.Shown, *providers.Error) {
		run, err := commit()
		if err != nil {
			return nil, err
		}
		m.effect(effect{modelPlace: at, at: m.now.Now(), verb: verb, run: run.id, phase: want.Phase})
		return run.shown(), nil
	}
	switch f {
	case faultDenied:
		return nil, m.refusal()
	case faultPaused:
		return nil, providers.Errorf(v1alpha1.ReasonPending, "paused")
	case faultLate, faultCrashLate:
		due := sentAt.Add(time.Duration(rapid.IntRange(1, 14).Draw(m.t, "seconds late")) * time.Second)
		m.scm.late = append(m.scm.late, lateWrite{modelPlace: at, due: due, verb: verb, orphan: f == faultCrashLate, commit: func() {
			if run := m.scm.newest(at, anyRun); f == faultCrashLate && run != nil {
				// A new hub waits for this only where it would make a second run.
				m.scm.touched[at] = true
			}
			_, err := take()
			m.logf("late %s at %s took effect: %v", verb, at.key, err)
		}})
	}
	if f != faultNone || m.draw("others first") {
		m.meanwhile()
	}
	switch f {
	case faultCrash, faultCrashLate:
		panic(crashed{})
	case faultLostBefore, faultLate:
		return nil, lostAnswer()
	}
	shown, err := take()
	if err == nil && f == faultNone {
		m.scm.known(at, m.hub)
		delete(m.scm.drifted, at.key)
	}
	m.meanwhile()
	switch f {
	case faultCrashAfter:
		panic(crashed{})
	case faultLostAfter:
		return nil, lostAnswer()
	}
	return shown, err
}

// refusal is a "no" of the SCM, to the credential or to one repository. It may be about
// something that the account can learn anew.
func (m *model) refusal() *providers.Error {
	err := providers.Refuse(pick(m, []providers.Refused{
		providers.RefusedAccount, providers.RefusedInstallation, providers.RefusedPermission, providers.RefusedRepository,
	}, "refused"), v1alpha1.ReasonCredentialsInvalid, "GitHub denies it")
	if rapid.Bool().Draw(m.t, "a token") {
		err.Relied, err.Learned = providers.FactToken, m.now.Now().Add(-pick(m, []time.Duration{0, time.Hour}, "its age"))
	}
	return err
}

func lostAnswer() *providers.Error {
	return &providers.Error{Reason: v1alpha1.ReasonUnavailable, Message: "no answer in time", Unknown: true}
}

// read makes one look-up.
func (m *model) read(at modelPlace, verb string, look func() *providers.Error) error {
	f := m.faultOf(readFaults)
	m.logf("%s at %s by %s: %s", verb, at.key, at.app, f)
	m.meanwhile()
	switch f {
	case faultLostBefore:
		return providers.Errorf(v1alpha1.ReasonUnavailable, "no answer in time")
	case faultDenied:
		return m.refusal()
	case faultPaused:
		return providers.Errorf(v1alpha1.ReasonPending, "paused")
	case faultCrash:
		panic(crashed{})
	}
	if err := look(); err != nil {
		return err
	}
	m.meanwhile()
	return nil
}

func (m *model) faultOf(faults []fault) fault {
	if m.calm {
		return faultNone
	}
	return rapid.SampledFrom(faults).Draw(m.t, "fault")
}

func (m *model) draw(what string) bool {
	return !m.calm && rapid.Bool().Draw(m.t, what)
}

// meanwhile has other things happen during a call.
func (m *model) meanwhile() {
	if m.depth >= 2 || !m.draw("meanwhile") {
		return
	}
	m.depth++
	defer func() { m.depth-- }()
	actions := []func(){
		func() { m.deliverSome(m.hub) }, func() { m.deliverSome(m.hub) }, m.modify, m.move, m.deleteOne, m.workSome, m.workSome,
		m.publishSome, m.strangerEdits, m.advanceSeconds, m.relist, m.changeRepo, m.changeGrants,
	}
	for range rapid.IntRange(1, 3).Draw(m.t, "events") {
		m.try(rapid.SampledFrom(actions).Draw(m.t, "event"))
	}
}

// try does an action that may turn out to be impossible now.
func (m *model) try(action func()) {
	defer func() {
		if v := recover(); v != nil && v != any(impossible{}) {
			panic(v)
		}
	}()
	action()
}

// impossible is what an action panics with that cannot be done now.
type impossible struct{}

// require gives up an action that cannot be done now.
func (m *model) require(ok bool) {
	if !ok {
		panic(impossible{})
	}
}

// effect records that a write took effect. There are never more at a place than there
// were changes of what it is to show.
func (m *model) effect(e effect) {
	m.scm.effects = append(m.scm.effects, e)
	m.recount()
	m.effects[e.key]++
	m.logf("effect: %s %s at %s by %s: run %d, %d of %d", e.verb, e.phase, e.key, e.app, e.run, m.effects[e.key], m.changes[e.key])
	if m.effects[e.key] > m.changes[e.key] {
		m.failf("%d effects at %s for %d changes", m.effects[e.key], e.key, m.changes[e.key])
	}
}

// mayWrite checks that a write is wanted and granted now, by what the hub has been
// told, or that it ends what was left.
func (m *model) mayWrite(at modelPlace, want providers.Status, run *modelRun) {
	m.recount()
	v, ok := m.hub.view.verdict(m, at.key, m.hub.counts)
	if ok && v.app == at.app && v.want == want {
		return
	}
	wanted := "nobody wants anything there"
	if ok {
		wanted = v.owner.String() + " wants " + statusText(v.want) + " by " + v.app
	}
	d := m.hub.leavingAt(at.key)
	if d == nil {
		m.failf("write of %s to %s by %s: %s", statusText(want), at.key, at.app, wanted)
	}
	switch {
	case !want.Phase.Terminal():
		m.failf("%s left as %s", at.key, want.Phase)
	case run != nil && run.Phase.Terminal() && !m.scm.touched[at]:
		m.failf("end of %s at %s, which is complete", run, at.key)
	case d.Replaced && d.Certain:
		return
	case !m.granted(d.Claim.Provider, d.Claim.Object.Cluster, at.key.Repository):
		m.failf("end of %s at %s for %s, which has no grant: %s", run, at.key, d.Claim.Object, wanted)
	}
	if !d.Replaced && m.hub.view.holds(at.key) {
		m.failf("end of %s at %s, which is claimed or kept: %s", run, at.key, wanted)
	}
}

// mayDuplicate reports whether a hub cannot know what it is about to make once more:
// no status tells of it, and the key and its commit were claimed anew so late after a
// take-over that no look-up is wanted.
func (h *modelHub) mayDuplicate(run *modelRun) bool {
	if run.knownBy == h || h.m.now.Since(h.Started()) <= ledger.TakeOverWindow {
		return false
	}
	for _, key := range keysOf(run.key) {
		if h.MayKnow(key) {
			return false
		}
	}
	for id, cs := range h.view.objects {
		told := cs.Status.Provider
		if _, forged := h.m.forged[id]; forged {
			told = nil
		}
		if h.view.last[id] == run.key && (h.old[id] == run.key || told != nil && told.GitHub.CheckRunID == run.id) {
			return h.m.blind
		}
	}
	return true
}
