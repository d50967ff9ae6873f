package providercontract

import (
	"net/http"
	"strconv"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// Fake is what the contract asks of a fake SCM.
type Fake interface {
	Calls() []wire.Call
	Inject(wire.Fault)
}

// common are the faults that are alike at every SCM.
var common = map[Fault]wire.Fault{
	LostBefore:      {DropBefore: true},
	LostAfter:       {DropAfter: true},
	CutBody:         {CutBody: true},
	Hang:            {Hang: true},
	ServerError:     {Status: 502, Body: "<html>Bad Gateway</html>"},
	Page:            {Status: 200, Body: "<html>Sign in</html>"},
	Empty:           {Status: 200},
	Redirect:        {Status: 307, Header: http.Header{"Location": {"https://elsewhere.example.com/"}}},
	TooManyRequests: {Status: 429, Header: http.Header{"Retry-After": {strconv.Itoa(int(RetryAfter.Seconds()))}}},
}

// FaultsOf makes a fake SCM fail the next request for statuses, which are the requests that match
// says. own are its faults in the SCM's own words.
func FaultsOf(fake Fake, match func(Request, *http.Request) bool, own map[Fault]wire.Fault) map[Fault]func(Request) {
	out := map[Fault]func(Request){}
	add := func(name Fault, fault wire.Fault) {
		out[name] = func(next Request) {
			fault := fault
			fault.Match = func(r *http.Request) bool { return match(next, r) }
			fake.Inject(fault)
		}
	}
	for name, fault := range common {
		add(name, fault)
	}
	for name, page := range ProxyPages {
		add(name, wire.Fault{Status: page.Status, Body: page.Body})
	}
	for name, fault := range own {
		if fault.Status == http.StatusTooManyRequests {
			fault.Header = common[TooManyRequests].Header
		}
		add(name, fault)
	}
	return out
}

// Is reports whether an HTTP request reads or writes.
func (r Request) Is(of *http.Request) bool { return (of.Method == http.MethodGet) == (r == Read) }

// Count counts the calls of some operations.
func Count(fake Fake, operations ...string) (n int) {
	for _, call := range fake.Calls() {
		for _, operation := range operations {
			if call.Operation == operation {
				n++
			}
		}
	}
	return n
}

// Answered counts the calls of an operation that were answered with success.
func Answered(fake Fake, operation string) (n int) {
	for _, call := range fake.Calls() {
		if call.Operation == operation && call.Status == http.StatusOK {
			n++
		}
	}
	return n
}
