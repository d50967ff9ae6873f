package gitlab

import (
	"net/http"
	"time"
)

func (s *Server) setStatus(x *exchange) (answer, *refused) {
	u, err := s.authenticated(x)
	if err != nil {
		return answer{}, err
	}
	c, err := parseChange(x.Body)
	if err != nil {
		return answer{}, err
	}
	p, err := s.projectFor(x, u, Developer)
	if err != nil {
		return answer{}, err
	}
	in, err := s.pipelineFor(p, commit{p.id, fold(x.Params["sha"])}, c)
	if err != nil {
		return answer{}, err
	}
	// From here on the pipeline stays, even if the status is refused.
	if p.protected[in.Ref] && p.members[u.name] < Maintainer {
		return answer{}, refusal(http.StatusForbidden, "403 Forbidden")
	}
	status, err := s.change(p, in, u, c, x.Now)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusCreated, s.renderStatus(status)), nil
}

// pipelineFor returns the pipeline that a status goes into: the newest that fits,
// else a new one, on the branch that was asked for or the first that the commit is in.
func (s *Server) pipelineFor(p *project, at commit, c *change) (*Pipeline, *refused) {
	branches, known := p.commits[at.sha]
	if !known {
		return nil, notFound("Commit")
	}
	in := s.shown.pipeline(at, c.Ref, c.Pipeline)
	if in != nil {
		return in, nil
	}
	if c.Pipeline != 0 {
		return nil, notFound("Pipeline for pipeline_id, sha and ref")
	}
	ref := c.Ref
	if ref == "" && len(branches) > 0 {
		ref = branches[0]
	}
	if ref == "" {
		return nil, notFound("References for commit")
	}
	return s.shown.open(at, ref, false), nil
}

// change changes the status that is not over yet, or makes a new one.
func (s *Server) change(p *project, in *Pipeline, u *user, c *change, now time.Time) (*Status, *refused) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	for _, other := range s.shown.statuses[commit{p.id, in.SHA}] {
		if other.job && other.Pipeline == in.ID && other.Name == c.Name {
			return nil, invalid(map[string][]string{"name": {"has already been taken"}})
		}
	}
	status := s.shown.unfinished(in, c.Name, in.Ref, u.name)
	from := ""
	if status != nil {
		from = status.State
	}
	if err := transition(from, c.State); err != nil {
		return nil, err
	}
	if status == nil {
		status = &Status{
			Project: p.path, SHA: in.SHA, Ref: in.Ref, Name: c.Name, Pipeline: in.ID, User: u.name,
			CreatedAt: now, project: p.id,
		}
		s.shown.add(status)
	}
	status.apply(c, now)
	return status, nil
}

// apply changes a status as asked. What is not given stays as it is.
func (s *Status) apply(c *change, now time.Time) {
	s.State = c.State
	if c.Description != "" {
		s.Description = c.Description
	}
	if c.TargetURL != "" {
		s.TargetURL = c.TargetURL
	}
	if c.State == stateRunning {
		s.StartedAt = now
	}
	if !unfinished(c.State) {
		s.FinishedAt = now
	}
}
