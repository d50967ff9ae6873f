package web

import "time"

// The answers of the JSON interface under /api/v1, which the pages show too. A time that is not
// known is left out.

// Overview is the answer of /api/v1/.
type Overview struct {
	// Version is the hub's.
	Version string `json:"version"`
	// At is when the answer was made.
	At time.Time `json:"at"`
	Hub
	Counts        Counts         `json:"counts"`
	Problems      []Problem      `json:"problems"`
	Members       []Member       `json:"members"`
	ScmProviders  []ScmProvider  `json:"scmProviders"`
	Installations []Installation `json:"installations"`
	// Pages are how many there are of the tables.
	MembersTotal       int `json:"membersTotal"`
	InstallationsTotal int `json:"installationsTotal"`
	ScmProvidersTotal  int `json:"scmProvidersTotal"`
}

// Hub is which replica answered.
type Hub struct {
	// Leader reports whether this replica writes. A standby knows members and claims, but spends
	// no budget.
	Leader bool `json:"leader"`
	// LeaderName is the replica that writes, "" while there is none.
	LeaderName string `json:"leaderName,omitempty"`
}

// Counts are figures of the fleet.
type Counts struct {
	Members     int `json:"members"`
	Connected   int `json:"connected"`
	Objects     int `json:"commitStatuses"`
	NotReady    int `json:"notReady"`
	Statuses    int `json:"statuses"`
	Conflicting int `json:"conflicting"`
	Drifted     int `json:"drifted"`
	Queued      int `json:"queued"`
}

// The kinds of what a Problem is about.
const (
	KindMember       = "member"
	KindInstallation = "installation"
	KindScmProvider  = "scmProvider"
	KindStatuses     = "commitStatuses"
)

// Problem is something that is wrong now.
type Problem struct {
	// Kind is what it is about, and Name which one, "" for CommitStatuses.
	Kind string `json:"kind"`
	Name string `json:"name,omitempty"`
	// Reason is CamelCase and stable, and Message for people.
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// Count is how many CommitStatuses it concerns, and Examples some of them.
	Count    int      `json:"count,omitempty"`
	Examples []Object `json:"examples,omitempty"`
	// Since is when it began, where that is known.
	Since time.Time `json:"since,omitzero"`
	// Path leads to the page about it, and Help to its troubleshooting section.
	Path string `json:"path,omitempty"`
	Help string `json:"help,omitempty"`
	// Waits reports whether nothing is wrong yet: it takes its time.
	Waits bool `json:"waits,omitempty"`
}

// Member is one cluster.
type Member struct {
	Name string `json:"name"`
	// State is Connected or another, with its Reason since Since.
	State   string    `json:"state"`
	Reason  string    `json:"reason,omitempty"`
	Message string    `json:"message,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	// Synced reports whether the hub has read all of its objects.
	Synced   bool `json:"synced"`
	Objects  int  `json:"commitStatuses"`
	NotReady int  `json:"notReady"`
	// LastEvent is when one of its objects last came, changed or went.
	LastEvent time.Time `json:"lastEvent,omitzero"`
	// CredentialExpiry is when the hub's credential for it ends.
	CredentialExpiry time.Time `json:"credentialExpiry,omitzero"`
	// LeftOut and Unreadable count its objects that are not served.
	LeftOut    int `json:"leftOut,omitempty"`
	Unreadable int `json:"unreadable,omitempty"`
}

// ScmProvider is one ScmProvider of the hub.
type ScmProvider struct {
	Name    string    `json:"name"`
	Kind    string    `json:"kind"`
	Ready   string    `json:"ready"`
	Reason  string    `json:"reason,omitempty"`
	Message string    `json:"message,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	// Suspended reports whether nothing is sent through it.
	Suspended bool `json:"suspended,omitempty"`
}

// Installation is the budget of one installation.
type Installation struct {
	ID           string   `json:"id"`
	Account      string   `json:"account,omitempty"`
	ScmProviders []string `json:"scmProviders"`
	Limits       []Limit  `json:"limits"`
	InFlight     int64    `json:"inFlight"`
	// PausedUntil is the end of a pause, and Down whether the SCM does not answer.
	PausedUntil time.Time `json:"pausedUntil,omitzero"`
	Down        bool      `json:"down,omitempty"`
	// ReducedTo is the rate a minute after refusals, 0 while it is not reduced.
	ReducedTo int64 `json:"reducedTo,omitempty"`
	// Queued is how many statuses wait, Queue how many of each priority, the highest first.
	Queued int     `json:"queued"`
	Queue  []Queue `json:"queue"`
	// Saved are the requests that were not needed since the start of the hub.
	Saved Saved `json:"saved"`
	// Path is that of its page.
	Path string `json:"path"`
}

// Limit is what is used of one limit.
type Limit struct {
	// Name is as in a ScmProvider's spec.rateLimit.
	Name string `json:"name"`
	// WindowSeconds is the length of time for which Limit holds.
	WindowSeconds int64 `json:"windowSeconds"`
	Limit         int64 `json:"limit"`
	Used          int64 `json:"used"`
}

// Queue is what waits with one priority.
type Queue struct {
	Priority string `json:"priority"`
	Depth    int    `json:"depth"`
	// OldestSeconds is how long the one that was queued first has waited.
	OldestSeconds float64 `json:"oldestSeconds,omitempty"`
}

// Saved counts writes that were not needed.
type Saved struct {
	// Duplicate : another claim had the same shown. Coalesced : overtaken while it waited.
	// Unchanged : shown already.
	Duplicate uint64 `json:"duplicate"`
	Coalesced uint64 `json:"coalesced"`
	Unchanged uint64 `json:"unchanged"`
}

// InstallationPage is the answer of /api/v1/installations/ID.
type InstallationPage struct {
	At time.Time `json:"at"`
	Hub
	Installation
	// Hour has a sample each 15 s, and Day one each 5 min, the oldest first.
	Hour []Sample `json:"hour"`
	Day  []Sample `json:"day"`
}

// Sample is how an installation was at a time.
type Sample struct {
	At time.Time `json:"at"`
	// Used is the most of each limit that was used since the sample before, in the order of the
	// installation's limits, as a share from 0 to 1.
	Used []float64 `json:"used"`
	// Queued is how many statuses waited with each priority, the highest first.
	Queued []int `json:"queued"`
	// Paused and Reduced report whether it was paused, or sent at a reduced rate.
	Paused  bool `json:"paused,omitempty"`
	Reduced bool `json:"reduced,omitempty"`
}

// CommitPage is the answer of /api/v1/commits/HOST/REPO/SHA.
type CommitPage struct {
	At time.Time `json:"at"`
	Hub
	// Repo is as in status.repo: the SCM's host and the path.
	Repo string `json:"repo"`
	SHA  string `json:"sha"`
	// Path is that of the page.
	Path  string `json:"path"`
	Names []Name `json:"names"`
	Total int    `json:"total"`
	// Requests are the newest requests to the SCM about this commit, the newest first.
	Requests []Request `json:"requests"`
}

// Name is one named status on a commit.
type Name struct {
	Name string `json:"name"`
	// Shown is what the SCM shows, as the hub wrote or read it last; left out for nothing.
	Shown *Status `json:"shown,omitempty"`
	// Certain reports whether the hub wrote or read that itself since it started.
	Certain   bool      `json:"certain"`
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
	// Wanted is what the claims want shown; left out where none counts.
	Wanted *Status `json:"wanted,omitempty"`
	// Owner is the CommitStatus whose claim is shown, as cluster/namespace/name.
	Owner string `json:"owner,omitempty"`
	// Joined is how many claims are shown as one, 0 where the owner's is shown alone.
	Joined       int    `json:"joined,omitempty"`
	ScmProvider  string `json:"scmProvider,omitempty"`
	Installation string `json:"installation,omitempty"`
	// Drift says in which fields the SCM shows somebody else's change.
	Drift  string   `json:"drift,omitempty"`
	Next   Next     `json:"next"`
	Claims []Object `json:"claims"`
	// ClaimsTotal is how many there are: the query's page selects some.
	ClaimsTotal int `json:"claimsTotal"`
}

// Status is what is shown, or wanted, under a name.
type Status struct {
	Phase       string `json:"phase"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url,omitempty"`
}

// Next is what the hub does next about a name.
type Next struct {
	// One of nothing, write, answer, retry, wait, check and suspended.
	What    string    `json:"what"`
	Message string    `json:"message"`
	At      time.Time `json:"at,omitzero"`
}

// Object is one CommitStatus.
type Object struct {
	// Owner names it as cluster/namespace/name, as status.owner does.
	ID        string `json:"id"`
	Cluster   string `json:"cluster"`
	Namespace string `json:"namespace"`
	Object    string `json:"object"`
	// Repo is as in status.repo, "" where its references do not say. Name is the status's.
	Repo string `json:"repo,omitempty"`
	SHA  string `json:"sha,omitempty"`
	Name string `json:"name,omitempty"`
	// Phase, Description and URL are what it wants shown.
	Phase       string `json:"phase,omitempty"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url,omitempty"`
	// CreatedAt is the age that counts between clusters.
	CreatedAt time.Time `json:"createdAt,omitzero"`
	// IsOwner reports whether it owns the status. Only a commit's page says so.
	IsOwner bool `json:"isOwner,omitempty"`
	// Ready, Reason, Message and Since are those of its Ready condition.
	Ready   string    `json:"ready,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Message string    `json:"message,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	// Path is that of its commit's page, "" where there is none, and Help that of the reason's
	// troubleshooting section.
	Path string `json:"path,omitempty"`
	Help string `json:"help,omitempty"`
}

// Request is one request to an SCM.
type Request struct {
	At     time.Time `json:"at"`
	Method string    `json:"method"`
	// Code is the status code of the response, 0 where there was none.
	Code int `json:"code"`
	// Operation is what was asked, such as create_check_run, and Name for which status.
	Operation string `json:"operation"`
	Name      string `json:"name,omitempty"`
	// Milliseconds is the time until the response's header, or the failure.
	Milliseconds int64  `json:"milliseconds"`
	Installation string `json:"installation"`
}

// SearchPage is the answer of /api/v1/search?q=.
type SearchPage struct {
	At time.Time `json:"at"`
	Hub
	Query string `json:"query"`
	// Results are those of the page that the query asks for, of Total. More reports whether there
	// are more than that, which were not collected.
	Results []Object `json:"results"`
	Total   int      `json:"total"`
	More    bool     `json:"more,omitempty"`
}

// Failure is the answer to a request that cannot be served.
type Failure struct {
	Error string `json:"error"`
}
