// Package hub carries commit statuses from member clusters to SCMs. In the order
// of the data:
//
//	watch.go      a member's CommitStatuses and GitRepos → ledger; slim.go keeps of
//	              them what is used
//	scmproviders.go  the hub's ScmProviders and their Secrets → ledger
//	claim.go      what one CommitStatus wants, or why that cannot be (pure)
//	grant.go      may this cluster and namespace write there? (pure)
//	ledger.go     who claims which key, and what its SCM shows: object.go one
//	              CommitStatus, repos.go which GitRepo it names, entry.go one key and
//	              claimants.go who claims it, details.go what is in its way, commit.go
//	              those of one commit, hint.go what members' statuses tell after a
//	              start, heard.go which members count, mayclaim.go which of them may
//	              claim a key, waiting.go which keys wait for one, shared.go for which
//	              member an object counts that several show
//	moved.go      which repositories have another path today: relocation.go has them,
//	              carry.go has what is known of a key go along, follow.go asks the SCM, and
//	              movesrecord.go keeps them for the next hub
//	arbitrate.go  claims → what a key should show; aggregate.go joins them where the
//	              ScmProvider says so (pure); claimset.go looks through a few claims,
//	              tally.go has an index of many
//	departure.go  what is to be ended at a key that was left, serving.go whether an object
//	              was deleted or its kind
//	route.go      in which lane a key waits for its turn; pending.go and await.go tell
//	              its claimants so
//	plan.go       the desired, and what is shown → what to do (pure)
//	job.go        what a worker needs to know of a key
//	sync.go       does it, for one key, in one worker; saved.go counts what needed no
//	              write, find.go looks up what is shown and look.go takes that in,
//	              for all keys of a commit; again.go has it look once more after a
//	              take-over; abandon.go ends what was left, recheck.go compares a commit
//	survey.go     what was listed of a commit → ledger; drift.go says when that is due
//	              and how a difference is told (pure)
//	status.go     ledger → a CommitStatus's status (pure); common.go sees which of many
//	              claimants are up to date
//	seal.go       proves after a restart that a status is the hub's own, with the keys of
//	              a Secret, sealsecret.go
//	contest.go    has a status wait that others change, too
//	publish.go    has it written into the member: outbox.go says when, for one object as
//	              letter.go, and apply.go how; audit.go logs what was denied, outdated.go
//	              sees what the member did not keep, and refused.go what it does not accept,
//	              by what refusal.go makes of an error (pure); conflictevents.go tells of
//	              conflicts that last
//	budgets.go    what is left of the budgets → the ScmProviders' status; restore.go
//	              takes it from there after a restart, pauses.go tells people
//	lead.go       may this replica write now? elected.go asks it for each status
//	metrics.go    the hub's own figures, counts.go those of the ledger; fleet.go
//	              those of members; sharings.go reports which members show the same
//	              objects, series.go deletes the series of what is gone
//	memory.go     gives memory back to the system
//	hub.go        wires all this to a multicluster manager
//
// There are two loops with the ledger between them, watch → sync and ledger →
// publish. Each is level-triggered: either may run again at any time.
package hub
