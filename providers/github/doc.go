// Package github shows statuses as check runs of a GitHub App.
//
// A check run is made by a POST, which is not idempotent, and changed by PATCHes
// of the App that made it. A completed run cannot be reopened: what goes back to
// queued or in_progress is a new run, and the newest run of a name counts. Each
// run carries the target's external ID, so that one whose answer was lost is
// found again.
//
// kind.go opens a ScmProvider as an account; account.go and owners.go know which
// installation a repository belongs to; transport.go and tokens.go are what a
// request passes on its way; client.go makes the requests. Decisions are pure:
// phases.go and render.go say what GitHub shows, classify.go and limits.go what
// its answers mean.
package github
