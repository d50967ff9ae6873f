package github

import (
	"fmt"
	"slices"
	"time"
)

const (
	// maxStatuses is how many statuses of one context a commit can have (GitHub docs,
	// "Create a commit status": 1000).
	maxStatuses = 1000
	// firstStatusID is beyond 32 bits, as GitHub's IDs are.
	firstStatusID = 30_000_000_001
)

// Status is a commit status as GitHub keeps it. None is ever changed.
type Status struct {
	ID int64
	// Repository is owner/name in lower case.
	Repository string
	SHA        string
	Context    string
	// State is error, failure, pending or success.
	State       string
	Description string
	TargetURL   string
	// Creator is the login of who made it.
	Creator   string
	CreatedAt time.Time
}

// commitStatuses are all the statuses there are, the oldest of a commit first.
type commitStatuses struct {
	last     int64
	byCommit map[commit][]Status
}

func newCommitStatuses() commitStatuses {
	return commitStatuses{last: firstStatusID - 1, byCommit: map[commit][]Status{}}
}

// add gives a status an ID and keeps it.
func (c *commitStatuses) add(status Status) Status {
	c.last++
	status.ID = c.last
	at := commit{status.Repository, status.SHA}
	c.byCommit[at] = append(c.byCommit[at], status)
	return status
}

// full says that a commit takes no more statuses of a context. Contexts that differ
// in case are the same.
func (c *commitStatuses) full(at commit, context string) bool {
	n := 0
	for _, status := range c.byCommit[at] {
		if fold(status.Context) == fold(context) {
			n++
		}
	}
	return n >= maxStatuses
}

// newest are those that count, of each context the newest: the oldest of them first.
func (c *commitStatuses) newest(at commit) []Status {
	found := []Status{}
	seen := map[string]bool{}
	for _, status := range slices.Backward(c.byCommit[at]) {
		if context := fold(status.Context); !seen[context] {
			seen[context] = true
			found = append(found, status)
		}
	}
	slices.Reverse(found)
	return found
}

// combined is one state for all (GitHub docs, "Get the combined status for a
// specific reference").
func combined(of []Status) string {
	state := "success"
	if len(of) == 0 {
		state = "pending"
	}
	for _, status := range of {
		switch status.State {
		case "error", "failure":
			return "failure"
		case "pending":
			state = "pending"
		}
	}
	return state
}

// Statuses returns all commit statuses on a commit, the oldest first, those that
// newer ones of their context supersede included.
func (s *Server) Statuses(repository, sha string) (all []Status) {
	s.Do(func() { all = slices.Clone(s.statuses.byCommit[commit{fold(repository), fold(sha)}]) })
	return all
}

// AddStatus makes a commit status that no call made, and returns its ID: as the user
// that it names does elsewhere. Its ID and time are ignored. It panics where it lacks
// a context, a state or a creator, or where there is no such commit.
func (s *Server) AddStatus(status Status) (id int64) {
	s.Do(func() {
		status.Repository, status.SHA, status.CreatedAt = fold(status.Repository), fold(status.SHA), s.clock.Now()
		if status.Context == "" || status.State == "" || status.Creator == "" || !s.world.commits[status.Repository][status.SHA] {
			panic(fmt.Sprintf("add the commit status %+v to the fake GitHub: something is missing", status))
		}
		id = s.statuses.add(status).ID
	})
	return id
}

// DeleteStatuses makes all commit statuses of a context vanish. No call of the API
// does that, but a repository that is made anew has none.
func (s *Server) DeleteStatuses(repository, sha, context string) {
	s.Do(func() {
		at := commit{fold(repository), fold(sha)}
		s.statuses.byCommit[at] = slices.DeleteFunc(s.statuses.byCommit[at], func(status Status) bool {
			return fold(status.Context) == fold(context)
		})
	})
}
