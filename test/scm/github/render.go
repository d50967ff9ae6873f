package github

import (
	"encoding/base64"
	"strconv"
	"time"
)

// webRoot is where GitHub's pages for people are.
const webRoot = "https://github.com"

// born is when everything was made whose age matters to nobody.
const born = "2024-01-01T00:00:00Z"

// stamp is GitHub's form of a time: whole seconds, UTC.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// orNull is v, or null for nothing.
func orNull(v string) any {
	if v == "" {
		return nil
	}
	return v
}

func stampOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}

func nodeID(kind string, id int64) string {
	return base64.StdEncoding.EncodeToString([]byte(kind + strconv.FormatInt(id, 10)))
}

func slug(app int64) string { return "app-" + strconv.FormatInt(app, 10) }

// homepage is the page that an app's maker gave for it.
func homepage(app int64) string { return "https://" + slug(app) + ".example.com" }

// renderRun is a check run as GitHub answers it. Without a details_url it shows
// the app's homepage (GitHub docs, "Create a check run": "the homepage of the
// GitHub app is used").
func (s *Server) renderRun(r *run) map[string]any {
	id := strconv.FormatInt(r.ID, 10)
	url := s.URL() + "/repos/" + r.Repository + "/check-runs/" + id
	details := r.DetailsURL
	if details == "" {
		details = homepage(r.AppID)
	}
	return map[string]any{
		"id":            r.ID,
		"node_id":       nodeID("CheckRun", r.ID),
		"head_sha":      r.HeadSHA,
		"external_id":   r.ExternalID,
		"url":           url,
		"html_url":      webRoot + "/" + r.Repository + "/runs/" + id,
		"details_url":   details,
		"status":        r.Status,
		"conclusion":    orNull(r.Conclusion),
		"started_at":    stampOrNull(r.StartedAt),
		"completed_at":  stampOrNull(r.CompletedAt),
		"name":          r.Name,
		"check_suite":   map[string]any{"id": r.suite},
		"app":           s.renderApp(r.AppID),
		"pull_requests": []any{},
		"output": map[string]any{
			"title":             orNull(r.Title),
			"summary":           orNull(r.Summary),
			"text":              orNull(r.Text),
			"annotations_count": 0,
			"annotations_url":   url + "/annotations",
		},
	}
}

func (s *Server) renderApp(app int64) map[string]any {
	return map[string]any{
		"id":           app,
		"slug":         slug(app),
		"node_id":      nodeID("App", app),
		"client_id":    "Iv1." + slug(app),
		"owner":        s.renderAccount("fake-apps", "Organization"),
		"name":         slug(app),
		"description":  "",
		"external_url": homepage(app),
		"html_url":     webRoot + "/apps/" + slug(app),
		"created_at":   born,
		"updated_at":   born,
		"permissions":  map[string]string{"checks": "write", "metadata": "read"},
		"events":       []string{},
	}
}

func (s *Server) renderAccount(login, kind string) map[string]any {
	id := s.world.id(login)
	api := s.URL() + "/users/" + login
	return map[string]any{
		"login":               login,
		"id":                  id,
		"node_id":             nodeID(kind, id),
		"avatar_url":          "https://avatars.githubusercontent.com/u/" + strconv.FormatInt(id, 10),
		"gravatar_id":         "",
		"url":                 api,
		"html_url":            webRoot + "/" + login,
		"followers_url":       api + "/followers",
		"following_url":       api + "/following{/other_user}",
		"gists_url":           api + "/gists{/gist_id}",
		"starred_url":         api + "/starred{/owner}{/repo}",
		"subscriptions_url":   api + "/subscriptions",
		"organizations_url":   api + "/orgs",
		"repos_url":           api + "/repos",
		"events_url":          api + "/events{/privacy}",
		"received_events_url": api + "/received_events",
		"type":                kind,
		"site_admin":          false,
	}
}
