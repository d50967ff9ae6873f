// Package ledger holds who claims which key and what its SCM shows, and decides what has to be
// done about it.
//
// A Ledger lives in memory and is rebuilt from the members when a hub starts. Its methods take
// events or outcomes and return what has to be looked at because of them (Changes). They never
// block and do no I/O; package syncer does the requests.
//
// What one object or ScmProvider means:
//
//	claim.go      what a CommitStatus claims, or why it cannot (pure); key.go the key, validate.go
//	              what a spec may hold
//	grant.go      whether a cluster and namespace may write there (pure); mayclaim.go which
//	              members might claim a key
//	scmprovider.go  a ScmProvider, compiled and opened
//	trim.go       keeps of an object what is used, retained.go of an object with an invalid spec
//	seal.go       proves after a restart that a status is the hub's own
//
// State, all behind the Ledger's lock:
//
//	ledger.go     members and their engagements, options.go the settings; synced.go which of
//	              them count, waiting.go the keys that wait for one, takeover.go when this
//	              process began to write
//	object.go     one CommitStatus; repos.go the GitRepo that it names; shared.go for which
//	              member an object counts that several show
//	entry.go      one key; resolve.go moves an object's claim between keys, claimants.go who claims
//	              it, details.go what is in its way, commit.go the keys of one commit, writes.go the
//	              writes under way
//	observation.go  what is known of a key in its SCM; evidence.go how far that can be relied on (pure)
//	hint.go       what members' statuses say after a start; recall.go where their claims were
//	              before, tombstones.go what is remembered of keys that were dropped
//	relocation.go repositories that have another path today; relocations.go and carry.go move what is
//	              known of their keys
//	scmrefusal.go one refusal of an SCM (pure); scmrefusals.go those that stand, scmscope.go
//	              what each is about, permission.go whether a key may ask meanwhile, recorded.go what
//	              a sealed status proves to have worked, credential.go
//	              what a ScmProvider's condition says
//	abandonment.go  what has to be ended at a key that was left; abandonments.go bounds how much
//	              of that there is, mover.go who waits for it, serving.go whether an object was
//	              deleted, or its kind
//
// Decisions:
//
//	arbitrate.go  claims → what a key should show (pure); aggregate.go and counted.go join them,
//	              claimset.go and claimindex.go read few and many claims
//	plan.go       desired and shown → what to do (pure)
//	drift.go      when a commit is compared, and how a difference is reported (pure); recheckafter.go
//	              schedules a second lookup after a take-over
//	advance.go    moves a key forward to the present
//	retry.go      when what failed is tried again (pure)
//	suspend.go    what a suspended ScmProvider means
//	status.go     ledger → a CommitStatus's status (pure); statusinput.go gathers its input,
//	              common.go finds which of many claimants are up to date, statushash.go compares what
//	              statuses say, storable.go bounds what an SCM shows (pure)
//	contest.go    backs off from a status that others change, too; answered.go bounds what is kept
//	              of a member's response to a patch (pure)
//
// For others:
//
//	job.go        what a worker needs to know of a key, jobplan.go what it asks of that; route.go
//	              its lane; outcome.go takes in what came of it, look.go and driftchecks.go what was
//	              listed of a commit
//	patch.go      which status a publisher is to write, and what the member made of it
//	pending.go, await.go  what statuses report of a key that waits
//	unclaimed.go  finds the objects of a commit that claim nothing
//	counts.go     figures for metrics; saved.go counts writes that were not needed
//	commitview.go, objectview.go, overview.go  copies for people who look; nextstep.go says what
//	              comes next of a key (pure), context.go whose key a request is about
//
// Lock order: informer → Ledger → installations → bucket. Nothing slow happens under any of
// them, and no method of a Ledger calls out while it holds its lock, but for Options.Blocked and
// Options.Serving, which must not block.
package ledger
