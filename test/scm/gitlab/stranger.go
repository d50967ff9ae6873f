package gitlab

import (
	"fmt"
	"slices"
)

// EditStatus changes a status behind its user's back, as somebody at GitLab's
// console does. Which status it is and where it is cannot be changed, and edit must
// not call the server. It panics when there is no such status.
func (s *Server) EditStatus(id int64, edit func(*Status)) {
	s.Do(func() {
		status := s.shown.get(id)
		edited := *status
		edit(&edited)
		edited.ID, edited.project, edited.Project, edited.SHA = status.ID, status.project, status.Project, status.SHA
		edited.Pipeline, edited.Ref = status.Pipeline, status.Ref
		*status = edited
	})
}

// DeleteStatus makes a status vanish. No call of the API does that. It panics when
// there is no such status.
func (s *Server) DeleteStatus(id int64) {
	s.Do(func() {
		status := s.shown.get(id)
		at := commit{status.project, status.SHA}
		s.shown.statuses[at] = slices.DeleteFunc(s.shown.statuses[at], func(o *Status) bool { return o == status })
	})
}

// DeletePipeline deletes a pipeline with all of its statuses, as a maintainer may.
func (s *Server) DeletePipeline(id int64) {
	s.Do(func() {
		s.shown.all = slices.DeleteFunc(s.shown.all, func(p *Pipeline) bool { return p.ID == id })
		for at, statuses := range s.shown.statuses {
			s.shown.statuses[at] = slices.DeleteFunc(statuses, func(o *Status) bool { return o.Pipeline == id })
		}
	})
}

// AddStatus sets a status as a request of its User does that no call made, and
// returns its ID. Project, SHA, Name, State and User are required; without a
// Pipeline it goes where such a request would go. It panics where GitLab refuses it.
func (s *Server) AddStatus(status Status) (id int64) {
	s.Do(func() {
		p := s.world.project(status.Project)
		c := &change{
			State: status.State, Ref: status.Ref, Name: status.Name, TargetURL: status.TargetURL,
			Description: status.Description, Pipeline: status.Pipeline,
		}
		in, err := s.pipelineFor(p, commit{p.id, fold(status.SHA)}, c)
		var made *Status
		if err == nil {
			made, err = s.change(p, in, s.user(status.User), c, s.clock.Now())
		}
		if err != nil {
			panic(fmt.Sprintf("add status %q to the fake GitLab's commit %s of %s: %s",
				status.Name, status.SHA, status.Project, err.answer().Body))
		}
		id = made.ID
	})
	return id
}

// AddPipeline makes a pipeline of GitLab's own CI and returns its ID. It is the
// newest of its commit.
func (s *Server) AddPipeline(project, sha, ref string) (id int64) {
	s.Do(func() {
		p := s.world.project(project)
		id = s.shown.open(commit{p.id, fold(sha)}, ref, true).ID
	})
	return id
}

// AddJob puts a job of GitLab's own CI into a pipeline: no status can have its name there.
func (s *Server) AddJob(pipeline int64, name, state string) {
	s.Do(func() {
		for _, in := range s.shown.all {
			if in.ID == pipeline {
				s.shown.add(&Status{
					Name: name, State: state, SHA: in.SHA, Ref: in.Ref, Pipeline: in.ID, User: s.world.userNames()[0],
					CreatedAt: s.clock.Now(), project: in.project, job: true,
				})
			}
		}
	})
}

func (s *Server) user(name string) *user {
	u := s.world.users[name]
	if u == nil {
		panic(fmt.Sprintf("user %s of the fake GitLab: there is none", name))
	}
	return u
}

// get returns a status that has to be there.
func (p *pipelines) get(id int64) *Status {
	status := p.byID(id)
	if status == nil {
		panic(fmt.Sprintf("status %d of the fake GitLab: there is none", id))
	}
	return status
}
