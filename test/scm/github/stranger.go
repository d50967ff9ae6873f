package github

import (
	"fmt"
	"slices"
)

// EditCheckRun changes a run behind its app's back: as somebody with the app's key
// does, who may rename it too, or as GitHub itself does to stale runs. Which run it
// is and where it is cannot be changed, and edit must not call the server. It
// panics when there is no such run.
func (s *Server) EditCheckRun(id int64, edit func(*CheckRun)) {
	s.Do(func() {
		r := s.runs.get(id)
		edited := r.CheckRun
		edit(&edited)
		edited.ID, edited.AppID, edited.Repository, edited.HeadSHA = r.ID, r.AppID, r.Repository, r.HeadSHA
		s.runs.rename(r, &edited.Name)
		r.CheckRun = edited
	})
}

// DeleteCheckRun makes a run vanish. No call of the API does that, but GitHub drops
// old runs, and a repository that is made anew has none. It panics when there is
// no such run.
func (s *Server) DeleteCheckRun(id int64) {
	s.Do(func() { s.runs.remove(s.runs.get(id)) })
}

// AddCheckRun makes a run that no call made, and returns its ID: as the app that r
// names does elsewhere, or another one. It is the newest of its name. What r leaves
// out is as after a creation: the run is queued, or completed where it has a
// conclusion, and starts and ends now. Its ID is ignored. It panics where r lacks a
// name or an app, or where there is no such commit.
func (s *Server) AddCheckRun(r CheckRun) (id int64) {
	s.Do(func() {
		r.Repository, r.HeadSHA = fold(r.Repository), fold(r.HeadSHA)
		if r.Name == "" || r.AppID == 0 || !s.world.commits[r.Repository][r.HeadSHA] {
			panic(fmt.Sprintf("add check run %q of app %d to the fake GitHub's commit %s of %s: something of that is missing",
				r.Name, r.AppID, r.HeadSHA, r.Repository))
		}
		now := s.clock.Now()
		switch {
		case r.Status != "":
		case r.Conclusion != "":
			r.Status = statusCompleted
		default:
			r.Status = statusQueued
		}
		if r.StartedAt.IsZero() {
			r.StartedAt = now
		}
		if r.Status == statusCompleted && r.CompletedAt.IsZero() {
			r.CompletedAt = now
		}
		id = s.runs.add(r).ID
	})
	return id
}

// get returns a run that has to be there.
func (c *checkRuns) get(id int64) *run {
	r := c.byID[id]
	if r == nil {
		panic(fmt.Sprintf("check run %d of the fake GitHub: there is none", id))
	}
	return r
}

// remove forgets a run.
func (c *checkRuns) remove(r *run) {
	at := commit{r.Repository, r.HeadSHA}
	delete(c.byID, r.ID)
	c.byCommit[at] = slices.DeleteFunc(c.byCommit[at], func(o *run) bool { return o == r })
	c.named[named{r.suite, r.Name}]--
}
