// Package github is a GitHub that runs inside a test: an HTTP server that
// answers the calls a GitHub App makes for check runs, and a user with a personal
// access token for commit statuses, as strictly as api.github.com does.
//
// A test makes the world first (AddApp, Install, AddUser, AddRepo), points its
// client at URL, and looks afterwards at what GitHub shows (CheckRuns, Statuses)
// and at every call that arrived (Calls, Writes). Faults make it answer late,
// wrongly or not at all. Somebody else who changes what GitHub shows is played by
// EditCheckRun, DeleteCheckRun, AddCheckRun, AddStatus and DeleteStatuses, which are
// no calls.
//
// A request goes through the steps of package wire: arrive (ledger.go), admit
// (limits.go), a fault, and only then through its route (routes.go) to who may ask
// (auth.go), what may be asked (validate.go, statuscalls.go), and the check runs
// (checkruns.go) and commit statuses (statuses.go) themselves. Where GitHub
// documents nothing, the stricter behavior was chosen and a comment says so.
package github
