// Package gitlab is a GitLab that runs inside a test: an HTTP server that answers
// the calls about commit statuses as strictly as gitlab.com does.
//
// A test makes the world first (AddUser, AddToken, AddProject, AddMember), points
// its client at URL, and looks afterwards at what GitLab shows (Statuses, Pipelines)
// and at every call that arrived (Calls, Writes). Faults make it answer late,
// wrongly or not at all. Somebody else who changes what GitLab shows is played by
// AddStatus, EditStatus, DeleteStatus, DeletePipeline and AddJob, which are no calls.
//
// A request goes through the steps of package wire: arrive (ledger.go), admit
// (limits.go), the lock of its commit (lock.go), a fault, and only then through its
// route (routes.go) to who may ask (auth.go), what may be asked (validate.go), and the
// pipelines and their statuses (write.go, machine.go). Where GitLab documents nothing,
// the stricter behavior was chosen and a comment says so.
package gitlab
