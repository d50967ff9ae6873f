// Package hub wires a hub together: the members (kubeconfigs), the ledger, the syncer and the
// publisher around it, the ScmProviders, the queue (ratelimit) and the leader election, on a
// multicluster manager.
//
//	hub.go        what is wired to what; options.go its settings
//	members.go    a member's CommitStatuses and GitRepos → ledger; which members show the same objects
//	election.go   whether this replica may write now, and what a leader restores before it writes;
//	              leaderonly.go asks before each status
//	sealsecret.go the Secret with the keys of seals
//	metrics.go    the figures of the ledger and of members; deletes the series of what is gone
//	webserver.go  serves the fleet page (package web)
//	heap.go       returns idle heap to the operating system
//
// Two level-triggered loops have the ledger between them: watch → sync and ledger → publish.
// Each is idempotent, and either may run again at any time. Package ledger imports none of the
// others; each of them imports it.
package hub
