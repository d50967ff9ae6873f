// Package why prints what the hub knows of a commit, or of one CommitStatus, in a terminal: the work of
// `commit-status-hub why`. It reads the JSON interface of the fleet page, as package web serves it.
//
// The files, in the order in which to read them:
//
//   - target.go: what a person asks for (pure).
//   - server.go, client.go: the fleet page by its address, and requests to it.
//   - find.go: the commit or the CommitStatus that is meant.
//   - page.go, name.go: how they are shown.
//   - screen.go, text.go, json.go: text for a terminal, without what could control it.
package why
