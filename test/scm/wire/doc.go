// Package wire is what the fake SCMs do alike: it listens, takes each request through
// the same steps, keeps a ledger of the calls, and makes faults happen.
//
// A fake embeds Server, which gives it Close, Inject, ClearFaults, Calls and Violations,
// and ends its constructor with Start. Per request it says what its Steps are; their
// order is here (serve.go), so a fault means the same to every client:
//
//	Arrive      the head is there: the ledger has a Call, the fake says who asks for what
//	Admit       the body is there: the request is counted, and refused beyond a limit
//	a Fault     delays it, drops it, lets it hang, or answers in place of the fake
//	Act         the API itself
//	Finish      headers that every answer carries
//	            those that a Fault gives
//	Announce    the pause that the answer asks for is remembered
//	Leave       it is over, with an answer or without
//
// Beside that there is what fakes are made of: Route and Find (route.go), Form (form.go) and Pause
// (pause.go). What the routes, worlds, credentials and limits are is each fake's own, however much
// they look alike: what one SCM does there says nothing of another. What their tests share is in
// package wiretest.
package wire
