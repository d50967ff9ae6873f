package gitlab

import (
	"slices"
	"time"
)

const (
	// The first IDs are beyond 32 bits, as gitlab.com's are.
	firstStatusID   = 12_000_000_001
	firstPipelineID = 2_400_000_001
)

// Status is a commit status as GitLab keeps it.
type Status struct {
	ID int64
	// Project is the path of the project, as it was made.
	Project  string
	SHA      string
	Ref      string
	Name     string
	State    string
	Pipeline int64
	// User is the name of whose token wrote it.
	User        string
	Description string
	TargetURL   string
	// Retried says that a newer status of the same name in the pipeline hides it.
	Retried                          bool
	CreatedAt, StartedAt, FinishedAt time.Time

	project int64
	// job says that it is one of GitLab's own CI.
	job bool
}

// Pipeline is what statuses belong to.
type Pipeline struct {
	ID  int64
	SHA string
	Ref string

	project int64
	// ci says that GitLab's own CI made it.
	ci bool
}

// commit is a commit of a project.
type commit struct {
	project int64
	sha     string
}

// pipelines are all the pipelines there are, and their statuses in the order in
// which they were made.
type pipelines struct {
	lastStatus, lastPipeline int64
	all                      []*Pipeline
	statuses                 map[commit][]*Status
}

func newPipelines() pipelines {
	return pipelines{lastStatus: firstStatusID - 1, lastPipeline: firstPipelineID - 1, statuses: map[commit][]*Status{}}
}

// pipeline returns the newest one of a commit that fits, or nil: ref "" and id 0 fit all.
func (p *pipelines) pipeline(at commit, ref string, id int64) *Pipeline {
	for _, each := range slices.Backward(p.all) {
		if each.project == at.project && each.SHA == at.sha && (ref == "" || each.Ref == ref) && (id == 0 || each.ID == id) {
			return each
		}
	}
	return nil
}

func (p *pipelines) open(at commit, ref string, ci bool) *Pipeline {
	p.lastPipeline++
	made := &Pipeline{ID: p.lastPipeline, SHA: at.sha, Ref: ref, project: at.project, ci: ci}
	p.all = append(p.all, made)
	return made
}

// unfinished returns the status that the next request changes, or nil. One that
// somebody else's hides is changed all the same.
func (p *pipelines) unfinished(in *Pipeline, name, ref, user string) *Status {
	for _, s := range p.statuses[commit{in.project, in.SHA}] {
		if s.Pipeline == in.ID && s.Name == name && s.Ref == ref && s.User == user && !s.job && unfinished(s.State) {
			return s
		}
	}
	return nil
}

// add keeps a status, which hides the others of its name in its pipeline.
func (p *pipelines) add(made *Status) {
	p.lastStatus++
	made.ID = p.lastStatus
	at := commit{made.project, made.SHA}
	for _, s := range p.statuses[at] {
		if s.Pipeline == made.Pipeline && s.Name == made.Name {
			s.Retried = true
		}
	}
	p.statuses[at] = append(p.statuses[at], made)
}

func (p *pipelines) byID(id int64) *Status {
	for _, statuses := range p.statuses {
		for _, s := range statuses {
			if s.ID == id {
				return s
			}
		}
	}
	return nil
}

// forget drops all that belongs to a project.
func (p *pipelines) forget(project int64) {
	p.all = slices.DeleteFunc(p.all, func(each *Pipeline) bool { return each.project == project })
	for at := range p.statuses {
		if at.project == project {
			delete(p.statuses, at)
		}
	}
}

// Statuses returns all statuses of a commit, the oldest first, those that newer
// ones hide included.
func (s *Server) Statuses(project, sha string) (shown []Status) {
	s.Do(func() {
		p := s.world.projects[fold(project)]
		if p == nil {
			return
		}
		shown = []Status{}
		for _, each := range s.shown.statuses[commit{p.id, fold(sha)}] {
			if !each.job {
				shown = append(shown, *each)
			}
		}
	})
	return shown
}

// Pipelines returns all pipelines of a commit, the oldest first.
func (s *Server) Pipelines(project, sha string) (shown []Pipeline) {
	s.Do(func() {
		p := s.world.projects[fold(project)]
		if p == nil {
			return
		}
		shown = []Pipeline{}
		for _, each := range s.shown.all {
			if each.project == p.id && each.SHA == fold(sha) {
				shown = append(shown, *each)
			}
		}
	})
	return shown
}
