package github

import (
	"slices"
	"time"
)

// The statuses and conclusions that a GitHub App may send.
const (
	statusQueued     = "queued"
	statusInProgress = "in_progress"
	statusCompleted  = "completed"
)

// maxRunsPerName is how many runs with one name a suite keeps (GitHub docs,
// "Create a check run": the older ones are deleted).
const maxRunsPerName = 1000

// firstRunID is beyond 32 bits, as GitHub's IDs are.
const firstRunID = 40_000_000_001

// CheckRun is a check run as GitHub keeps it.
type CheckRun struct {
	ID int64
	// Repository is owner/name in lower case.
	Repository string
	HeadSHA    string
	Name       string
	Status     string
	// Conclusion is empty until the run is completed.
	Conclusion string
	Title      string
	Summary    string
	Text       string
	// DetailsURL is empty where none was given; GitHub answers with the app's
	// homepage then.
	DetailsURL  string
	ExternalID  string
	AppID       int64
	StartedAt   time.Time
	CompletedAt time.Time
}

// run is a CheckRun and the suite that it belongs to.
type run struct {
	CheckRun
	suite int64
}

// suiteOf is what makes a check suite: one app on one commit.
type suiteOf struct {
	app             int64
	repository, sha string
}

// named is what a suite keeps a limited number of.
type named struct {
	suite int64
	name  string
}

// commit is where runs are shown.
type commit struct{ repository, sha string }

// checkRuns are all the runs there are.
type checkRuns struct {
	last     int64
	byID     map[int64]*run
	byCommit map[commit][]*run
	suites   map[suiteOf]int64
	named    map[named]int
	// rerequested are the names that have to be written again, by suite.
	rerequested map[int64]map[string]bool
}

func newCheckRuns() checkRuns {
	return checkRuns{
		last:        firstRunID - 1,
		byID:        map[int64]*run{},
		byCommit:    map[commit][]*run{},
		suites:      map[suiteOf]int64{},
		named:       map[named]int{},
		rerequested: map[int64]map[string]bool{},
	}
}

// add gives r an ID and keeps it. The oldest of its name makes room.
func (c *checkRuns) add(r CheckRun) *run {
	c.last++
	r.ID = c.last
	key := suiteOf{r.AppID, r.Repository, r.HeadSHA}
	if c.suites[key] == 0 {
		c.suites[key] = firstRunID + int64(len(c.suites))
	}
	added := &run{CheckRun: r, suite: c.suites[key]}
	at := commit{r.Repository, r.HeadSHA}
	c.byID[added.ID] = added
	c.byCommit[at] = append(c.byCommit[at], added)
	n := named{added.suite, r.Name}
	if c.named[n]++; c.named[n] > maxRunsPerName {
		oldest := slices.IndexFunc(c.byCommit[at], func(o *run) bool { return o.suite == added.suite && o.Name == r.Name })
		c.remove(c.byCommit[at][oldest])
	}
	return added
}

// CheckRuns returns all runs on a commit, the oldest first, the ones that newer
// ones hide included.
func (s *Server) CheckRuns(repository, sha string) []CheckRun {
	shown := []CheckRun{}
	s.Do(func() {
		for _, r := range s.runs.byCommit[commit{fold(repository), fold(sha)}] {
			shown = append(shown, r.CheckRun)
		}
	})
	return shown
}
