package gitlab

import "net/http"

// lock keeps the statuses of a commit for one request that sets one, until it is
// over, and refuses others meanwhile. GitLab lets them wait for up to ten seconds
// first; here none can count on that.
func (s *Server) lock(x *exchange) *answer {
	if x.route == nil || x.route.Operation != OpSetStatus || x.token == nil {
		return nil
	}
	p := s.world.find(x.Params["id"])
	if p == nil {
		return nil
	}
	at := commit{p.id, fold(x.Params["sha"])}
	if s.locks[at] {
		a := refusal(http.StatusConflict, "409 Conflict: Another update to this commit status is in progress").answer()
		return &a
	}
	s.locks[at], x.locked = true, &at
	return nil
}

func (s *Server) unlock(x *exchange) {
	if x.locked != nil {
		delete(s.locks, *x.locked)
		x.locked = nil
	}
}
