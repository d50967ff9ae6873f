package github

import (
	"net/http"
	"strconv"
	"time"
)

func (s *Server) createCheckRun(x *exchange) (answer, *refused) {
	t, err := s.asWriter(x)
	if err != nil {
		return answer{}, err
	}
	change, err := parseChange(x.Body)
	if err != nil {
		return answer{}, err
	}
	if err := change.validateCreate(); err != nil {
		return answer{}, err
	}
	sha := fold(*change.headSHA)
	if !s.world.commits[x.repository()][sha] {
		return answer{}, noCommit(*change.headSHA)
	}
	r := CheckRun{Repository: x.repository(), HeadSHA: sha, AppID: t.app, Status: statusQueued, StartedAt: x.Now}
	change.apply(&r, x.Now)
	added := s.runs.add(r)
	s.runs.written(added)
	return reply(http.StatusCreated, s.renderRun(added)), nil
}

func (s *Server) updateCheckRun(x *exchange) (answer, *refused) {
	t, err := s.asWriter(x)
	if err != nil {
		return answer{}, err
	}
	r, err := s.runAt(x)
	if err != nil {
		return answer{}, err
	}
	if r.AppID != t.app {
		return answer{}, refusal(http.StatusForbidden,
			"Invalid app_id `%d` - check run can only be modified by the GitHub App that created it.", t.app)
	}
	change, err := parseChange(x.Body)
	if err != nil {
		return answer{}, err
	}
	if err := change.validateUpdate(); err != nil {
		return answer{}, err
	}
	if !change.reopens(r.CheckRun) {
		s.runs.rename(r, change.name)
		change.apply(&r.CheckRun, x.Now)
		s.runs.written(r)
	}
	return reply(http.StatusOK, s.renderRun(r)), nil
}

// runAt is the run that the path names. One in another repository is not there.
func (s *Server) runAt(x *exchange) (*run, *refused) {
	id, err := strconv.ParseInt(x.Params["id"], 10, 64)
	r := s.runs.byID[id]
	if err != nil || r == nil || r.Repository != x.repository() {
		return nil, refusal(http.StatusNotFound, "Not Found")
	}
	return r, nil
}

// rename keeps count of how many runs a name has.
func (c *checkRuns) rename(r *run, name *string) {
	if name == nil {
		return
	}
	c.named[named{r.suite, r.Name}]--
	c.named[named{r.suite, *name}]++
}

func noCommit(sha string) *refused {
	return refusal(http.StatusUnprocessableEntity, "No commit found for SHA: %s", sha)
}

// reopens says whether a change asks for what GitHub answers 200 to and does not
// do: a completed run stays completed.
func (c *change) reopens(r CheckRun) bool {
	return r.Status == statusCompleted && c.conclusion == nil && c.status != nil && *c.status != statusCompleted
}

// apply changes r as asked.
func (c *change) apply(r *CheckRun, now time.Time) {
	set(&r.Name, c.name)
	set(&r.DetailsURL, c.detailsURL)
	set(&r.ExternalID, c.externalID)
	set(&r.Status, c.status)
	set(&r.StartedAt, c.startedAt)
	if c.output != nil {
		r.Title, r.Summary, r.Text = c.output.title, c.output.summary, c.output.text
	}
	if c.conclusion != nil {
		r.Status, r.Conclusion = statusCompleted, *c.conclusion
	}
	if r.Status == statusCompleted && r.CompletedAt.IsZero() {
		r.CompletedAt = now
	}
	set(&r.CompletedAt, c.completedAt)
}

func set[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}
