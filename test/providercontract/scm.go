package providercontract

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// SCM is a fresh SCM, and all that the suite has to know of it. What may be nil
// is said; the cases that need it are not run then, and listed in the test's log.
type SCM struct {
	// Kind opens Provider with Secret. It spends the budgets of Installations and
	// tells time by the real clock. Where Provider sets no rateLimit it gets one
	// without limits.
	Kind          providers.Kind
	Provider      *v1alpha1.ScmProvider
	Secret        map[string][]byte
	Installations *ratelimit.Installations

	// Repository is one that the credential may write to. It has the commit SHA and
	// nothing on it, and lacks UnknownSHA.
	Repository string
	SHA        string
	UnknownSHA string

	// All returns the statuses at a target, whoever made them, the one that counts
	// last: not by the provider, and with phases and texts as its Render has them.
	All func(at providers.Target) []providers.Status
	// Calls counts the requests for statuses that arrived, those for tokens and who
	// one is aside, and Writes those of them that make or change a status. Either may
	// be nil.
	Calls  func() int
	Writes func() int

	// Inject makes the SCM fail the next request for statuses that is a read or a
	// write. A Fault that is missing cannot be made.
	Inject map[Fault]func(next Request)

	// Edit has somebody else show another status at a target, and Delete has all
	// statuses at a target vanish. Either may be nil.
	Edit   func(at providers.Target, to providers.Status)
	Delete func(at providers.Target)
	// Word has somebody else show a state of the SCM's own at a target, and Words are those
	// that none of the phases means. They are nil where there is none.
	Word  func(at providers.Target, state string)
	Words []string
	// Unfinished counts the statuses at a target that the SCM still waits for, the one that
	// counts aside. It is nil where the SCM waits for no other.
	Unfinished func(at providers.Target) int
	// Move renames Repository, and Paths counts the answers that told a repository's path. They
	// are nil where repositories keep their paths.
	Move  func(to string)
	Paths func() int
	// Other has somebody else make a status at a target, whether it has one or not. It is nil
	// where the SCM does not tell who made a status.
	Other func(at providers.Target, to providers.Status)
}

// Request is a sort of request for statuses.
type Request int

const (
	// Read looks for statuses or lists them.
	Read Request = iota
	// Write makes or changes a status.
	Write
)

// String is "read" or "write".
func (r Request) String() string {
	if r == Write {
		return "write"
	}
	return "read"
}

// RetryAfter is what TooManyRequests asks for: in a header Retry-After, in seconds.
const RetryAfter = 2 * time.Minute

// Fault is a way in which an SCM fails a request.
type Fault string

// The faults. All but the refusals of a credential and RepositoryGone end with the
// request that they meet; those last.
const (
	// LostBefore closes the connection and does nothing.
	LostBefore Fault = "lost before"
	// LostAfter does as asked, and closes the connection without an answer.
	LostAfter Fault = "lost after"
	// CutBody does as asked, and breaks off in the middle of its answer's body.
	CutBody Fault = "cut body"
	// Hang does nothing and never answers.
	Hang Fault = "hang"
	// ServerError answers 500 or more, and no Retry-After.
	ServerError Fault = "server error"
	// Page answers success and the HTML of some page.
	Page Fault = "page"
	// Empty answers success and nothing else.
	Empty Fault = "empty answer"
	// Redirect answers 307 to another host.
	Redirect Fault = "redirect"
	// TooManyRequests answers 429 and RetryAfter.
	TooManyRequests Fault = "too many requests"
	// Unauthorized refuses the credential, as when it has expired.
	Unauthorized Fault = "unauthorized"
	// Forbidden refuses because the credential lacks a permission.
	Forbidden Fault = "forbidden"
	// RepositoryGone answers that there is no such repository.
	RepositoryGone Fault = "repository gone"
)

// ProxyPage is what a proxy before the SCM answers.
type ProxyPage struct {
	Status int
	Body   string
}

// ProxyPages are the faults in which a proxy answers in the SCM's place. They end with the
// request that they meet.
var ProxyPages = map[Fault]ProxyPage{
	"400 page of a proxy": {400, "<html><h1>400 The plain HTTP request was sent to HTTPS port</h1></html>"},
	"401 page of a proxy": {401, "<html><h1>Sign in</h1></html>"},
	"401 text of a proxy": {401, "Unauthorized"},
	"403 page of a proxy": {403, "<html><h1>Forbidden</h1></html>"},
	"403 text of a proxy": {403, "Access denied"},
	"404 page of a proxy": {404, "<html><h1>404 Not Found</h1></html>"},
	"404 text of a proxy": {404, "default backend - 404"},
	"404 JSON of a proxy": {404, `{"code":"no_route","status":404}`},
	"406 page of a proxy": {406, "<html><h1>Not Acceptable!</h1></html>"},
	"422 text of a proxy": {422, "upstream refused"},
	"502 page of a proxy": {502, "<html><h1>502 Bad Gateway</h1></html>"},
}
