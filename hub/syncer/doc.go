// Package syncer brings one key of the ledger forward: it makes its SCM show what the key should
// show, as of now.
//
// A Syncer keeps no state. It asks the ledger what is to be done about a key (a Job), makes the
// requests, and hands each outcome back. Between any two requests the world may change: what is
// written is what is granted and wanted when the write begins.
//
//	syncer.go   one key at a time: what is to be done, and the write
//	find.go     looks up what is shown; drift.go compares a commit with what it should show
//	abandon.go  ends what was left at an earlier key
//	permission.go  asks whether a refusal stands, and renews what it was about
//	follow.go   asks where a repository has moved
//	metrics.go  times what was written
package syncer
