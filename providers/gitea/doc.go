// Package gitea shows statuses as commit statuses of Gitea and Forgejo.
//
// A commit's statuses are append-only: every change is a POST that makes a new
// one, and of those with the same context the newest, which has the highest id,
// is what Gitea shows. Its states are fewer than the phases: queued and
// in_progress are both pending, canceled and failure are both failure. What was
// made here keeps the phase that was asked for; what is read back has the one
// that Render returns.
//
// There is no room for a mark of the hub's own, so a status counts as ours when
// the user of our token made it. That user is known from the answer to the first
// write, or read once, if a list is needed before. Where the
// token's scopes do not permit that, all statuses are Foreign until the first
// write.
//
// It speaks to Gitea by net/http and not by code.gitea.io/sdk/gitea: the SDK
// cannot ask for an order of the list, and the usual one is by seconds, so that
// pages of what was written within one second may overlap and leave something
// out. It also has one context for each client instead of one for each call, and
// would bring in SSH agents and HTTP signatures for three calls of JSON.
//
// kind.go opens a ScmProvider as an account (account.go); request.go makes one
// request; client.go and list.go are the calls. Decisions are pure: render.go
// says what Gitea shows, classify.go what its answers mean for the budget, and
// refused.go what they mean for a status.
package gitea
