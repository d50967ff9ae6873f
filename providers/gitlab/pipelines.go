package gitlab

import "sync"

// generation is how many commits are remembered before the older ones are dropped.
const generation = 8192

// commit is a commit of a project, whose path is folded.
type commit struct{ host, repository, sha string }

// pipeline is where statuses of a commit are.
type pipeline struct {
	id int64
	// ref is the branch or tag that it belongs to.
	ref string
}

// pipelines remembers the pipeline of each commit that was written to lately, so that
// all statuses of one commit get into one: GitLab would take the newest pipeline,
// which may be another one by then. One that is forgotten is learned again with the
// next answer.
type pipelines struct {
	mu sync.Mutex
	// recent is filled up and becomes older; what was older is forgotten then.
	recent, older map[commit]pipeline
}

func newPipelines() *pipelines { return &pipelines{recent: map[commit]pipeline{}} }

func (p *pipelines) get(at commit) (pipeline, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.recent[at]; ok {
		return known, true
	}
	known, ok := p.older[at]
	if ok {
		p.keep(at, known)
	}
	return known, ok
}

func (p *pipelines) put(at commit, in pipeline) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keep(at, in)
}

func (p *pipelines) keep(at commit, in pipeline) {
	if len(p.recent) >= generation {
		p.recent, p.older = map[commit]pipeline{}, p.recent
	}
	p.recent[at] = in
}

// drop forgets a pipeline that GitLab knows no longer.
func (p *pipelines) drop(at commit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.recent, at)
	delete(p.older, at)
}
