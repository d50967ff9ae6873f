// Package bitbucket shows statuses as build statuses of Bitbucket Cloud and of
// Bitbucket Data Center.
//
// Both know a commit's build statuses by a key, and a POST with the same key
// changes what is there, so it does no harm to send one again. queued and
// in_progress are both INPROGRESS; canceled is STOPPED in Cloud and CANCELLED in
// Data Center (from 8.0 on). What was written here keeps the phase that was asked
// for; what is read back has the one that Render returns. Bitbucket has no room for a
// mark of the hub's own, and does not report the author: whatever has the key of a name
// counts as ours.
//
// The key is the name itself if that has at most 40 characters, which is all that
// Cloud takes. A longer one, and one that a server or a proxy could change on its
// way (white space around it, control characters, "." and ".."), has the key
// "csh-" and the first 36 hexadecimal digits of the SHA-256 of the name; so has a
// name that looks like such a key. What people see is the name in any case.
//
// A build status needs a URL. Without one it leads to the commit's page, with the
// fragment #commit-status-hub, by which it is known again as none. Data Center takes
// no URL of more than 450 characters: a longer one is left out, since half a URL
// leads nowhere. Descriptions are cut off visibly at 255 characters.
//
// It speaks by net/http: what Go libraries there are for Bitbucket are each for one
// of the two, retry and wait by themselves or have no contexts, and all that is
// needed is three calls of JSON.
//
// kind.go opens a ScmProvider as an account (account.go), service.go says in what
// Cloud and Data Center differ; request.go makes one request; cloud.go and
// center.go are the calls. Decisions are pure: key.go and render.go say what
// Bitbucket shows, classify.go what its answers mean for the budget, and refused.go
// what they mean for a status.
package bitbucket
