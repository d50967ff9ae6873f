// Package github shows statuses as check runs of a GitHub App, or as commit statuses
// where the Secret holds a plain token.
//
// A check run is made by a POST, which is not idempotent, and changed by PATCHes
// of the App that made it. A completed run cannot be reopened: what goes back to
// queued or in_progress is a new run, and the newest run of a name counts. Each
// run carries the target's external ID, so that one whose answer was lost is
// found again.
//
// A commit status is never changed: each write adds one, the newest of a name
// counts, by any user, and names that differ in case alone are the same. It has
// no room for an external ID, so one whose answer was lost is found by its name and
// its user.
//
// kind.go opens a ScmProvider as an account, for an App (account.go, owners.go: which
// installation a repository belongs to) or a user (statuses_account.go,
// statuses_user.go: whose token it is); site.go is what both have in common. key.go reads
// an App's private key, and nopem.go says what is wrong with a text that is none.
// transport.go and tokens.go are what a request passes on its way; client.go and
// list.go make the requests for check runs, statuses_client.go and statuses_list.go
// those for commit statuses. Decisions are pure: phases.go, render.go,
// statuses_render.go and statuses_context.go say what GitHub shows, classify.go and
// limits.go what its answers mean.
package github
