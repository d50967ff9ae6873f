package github

import (
	"net/http"
	"strconv"
)

func (s *Server) findByRepository(x *exchange) (answer, *refused) {
	if s.world.commits[x.repository()] == nil {
		return s.findInstallation(x, func(*installation) bool { return false })
	}
	return s.findInstallation(x, func(*installation) bool { return true })
}

func (s *Server) findByOrganization(x *exchange) (answer, *refused) {
	return s.findInstallation(x, func(i *installation) bool { return !i.user })
}

// findByUser finds nothing for an organization. Whether GitHub does is not
// documented, so no client may count on it.
func (s *Server) findByUser(x *exchange) (answer, *refused) {
	return s.findInstallation(x, func(i *installation) bool { return i.user })
}

func (s *Server) findInstallation(x *exchange, fits func(*installation) bool) (answer, *refused) {
	app, err := x.asApp()
	if err != nil {
		return answer{}, err
	}
	i := s.world.installed(app, x.path("owner"))
	if i == nil || !fits(i) {
		return answer{}, refusal(http.StatusNotFound, "Not Found")
	}
	x.Call.Installation = i.id
	return reply(http.StatusOK, s.renderInstallation(i)), nil
}

func (s *Server) getApp(x *exchange) (answer, *refused) {
	app, err := x.asApp()
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, s.renderApp(app)), nil
}

func (i *installation) permissions() map[string]string {
	p := map[string]string{"checks": "read", "metadata": "read"}
	if i.checksWrite {
		p["checks"] = "write"
	}
	return p
}

func (s *Server) renderInstallation(i *installation) map[string]any {
	kind := "Organization"
	if i.user {
		kind = "User"
	}
	id := strconv.FormatInt(i.id, 10)
	return map[string]any{
		"id":                   i.id,
		"account":              s.renderAccount(i.owner, kind),
		"repository_selection": "all",
		"access_tokens_url":    s.URL() + "/app/installations/" + id + "/access_tokens",
		"repositories_url":     s.URL() + "/installation/repositories",
		"html_url":             webRoot + "/settings/installations/" + id,
		"app_id":               i.app,
		"app_slug":             slug(i.app),
		"target_id":            s.world.id(i.owner),
		"target_type":          kind,
		"permissions":          i.permissions(),
		"events":               []string{},
		"created_at":           born,
		"updated_at":           born,
		"single_file_name":     nil,
		"suspended_by":         nil,
		"suspended_at":         nil,
	}
}
