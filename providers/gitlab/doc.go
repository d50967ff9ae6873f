// Package gitlab shows statuses as commit statuses of GitLab, written with an access
// token: of a person, or of the bot of a project or a group.
//
// GitLab keeps a state machine for each status. What is pending or running is changed
// in place, by a POST that has to change the state; what is over is never changed, a
// POST makes a new one then. So a description or a URL cannot change while the state
// stays, a running status cannot go back to pending, and a text can be replaced but
// not be emptied. All that is planned (machine.go), so that nothing is sent that
// GitLab would refuse: a refused POST can leave an empty pipeline behind. GitLab
// stores no ID of ours, so a status whose answer was lost is found by its name and by
// the user who wrote it.
//
// kind.go opens a ScmProvider as an account; account.go and identity.go know which
// user its token belongs to, whose budget is spent; transport.go is what a request
// passes on its way; client.go and list.go make the requests. Decisions are pure:
// phases.go, render.go and machine.go say what GitLab shows, classify.go what its answers
// mean.
package gitlab
