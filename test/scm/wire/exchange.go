package wire

import (
	"net/http"
	"time"
)

// Exchange is one request on its way to its answer.
type Exchange struct {
	Request *http.Request
	// Call is its place in the ledger.
	Call *Call
	// Now is when it arrived, and from Admit on when its body was there.
	Now time.Time
	// Body is nil until Admit.
	Body []byte
	// Params are the parameters of the path, by Find.
	Params map[string]string
}

// Steps are what a fake does with one request, in this order. The server's lock is held
// during each. Finish and Leave may be nil.
type Steps struct {
	// Arrive tells from the head of the request what it is for and who asks, and says so
	// in its Call.
	Arrive func()
	// Admit counts the request, or returns the refusal of one that exceeds a limit.
	Admit func() *Answer
	// Act answers a request that nothing keeps from the API.
	Act func() Answer
	// Finish adds what every answer carries, that of a Fault too.
	Finish func(*Answer)
	// Announce remembers the pause that an answer asks for. It is as the client gets it.
	Announce func(Answer)
	// Leave ends a request that arrived, whether it was answered or not.
	Leave func()
}
