package gitlab

import (
	"strconv"
	"time"
)

// webRoot is where GitLab's pages for people are.
const webRoot = "https://gitlab.example.com"

// orNull is v, or null for nothing.
func orNull(v string) any {
	if v == "" {
		return nil
	}
	return v
}

// stampOrNull is GitLab's form of a time: milliseconds, UTC.
func stampOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// renderStatus is a status as GitLab answers it. Whether it is retried is not told.
func (s *Server) renderStatus(status *Status) map[string]any {
	rendered := map[string]any{
		"id":            status.ID,
		"sha":           status.SHA,
		"ref":           status.Ref,
		"status":        status.State,
		"name":          status.Name,
		"target_url":    orNull(status.TargetURL),
		"description":   orNull(status.Description),
		"created_at":    stampOrNull(status.CreatedAt),
		"started_at":    stampOrNull(status.StartedAt),
		"finished_at":   stampOrNull(status.FinishedAt),
		"allow_failure": false,
		"coverage":      nil,
		"pipeline_id":   status.Pipeline,
		"author":        nil,
	}
	if u := s.world.users[status.User]; u != nil {
		rendered["author"] = renderUser(u)
	}
	return rendered
}

func renderUser(u *user) map[string]any {
	state := "active"
	if u.blocked {
		state = "blocked"
	}
	return map[string]any{
		"id":         u.id,
		"username":   u.name,
		"name":       u.name,
		"state":      state,
		"locked":     false,
		"avatar_url": webRoot + "/uploads/-/system/user/avatar/" + strconv.FormatInt(u.id, 10) + "/avatar.png",
		"web_url":    webRoot + "/" + u.name,
	}
}
