package github

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// maxStatusDescription is in characters (GitHub's own refusal, see below).
	maxStatusDescription = 140
	// maxContext is not documented, so no client may count on more.
	maxContext = 255
)

var states = []string{"error", "failure", "pending", "success"}

func (s *Server) createStatus(x *exchange) (answer, *refused) {
	u, err := s.asStatusWriter(x)
	if err != nil {
		return answer{}, err
	}
	status, err := parseStatus(x.Body)
	if err != nil {
		return answer{}, err
	}
	at := commit{x.repository(), x.path("sha")}
	if !s.world.commits[at.repository][at.sha] {
		return answer{}, noCommit(x.Params["sha"])
	}
	if s.statuses.full(at, status.Context) {
		return answer{}, invalidStatus("", "This SHA and context has reached the maximum number of statuses.")
	}
	status.Repository, status.SHA, status.Creator, status.CreatedAt = at.repository, at.sha, u.login, x.Now
	return reply(http.StatusCreated, s.renderStatus(s.statuses.add(*status), true)), nil
}

// parseStatus reads a body and refuses what cannot become a status.
func parseStatus(body []byte) (*Status, *refused) {
	f, err := object(body)
	if err != nil {
		return nil, err
	}
	status := &Status{Context: "default"}
	var target *string
	for name, into := range map[string]func(string){
		"state":       func(v string) { status.State = v },
		"context":     func(v string) { status.Context = v },
		"description": func(v string) { status.Description = v },
		"target_url":  func(v string) { target, status.TargetURL = &v, v },
	} {
		read := f.textOrNull
		if name == "state" || name == "context" {
			read = f.text
		}
		value, err := read(name)
		if err != nil {
			return nil, err
		}
		if value != nil {
			into(*value)
		}
	}
	switch {
	case status.State == "":
		return nil, invalid("\"state\" wasn't supplied.")
	case !slices.Contains(states, status.State):
		return nil, invalidStatus("state", "state is not included in the list")
	case utf8.RuneCountInString(status.Description) > maxStatusDescription:
		return nil, invalidStatus("description", "description is too long (maximum is 140 characters)")
	case fourBytes(status.Description):
		return nil, invalidStatus("description", "description doesn't accept 4-byte Unicode")
	case status.Context == "":
		return nil, invalidStatus("context", "context can't be blank")
	case utf8.RuneCountInString(status.Context) > maxContext:
		return nil, invalidStatus("context", "context is too long (maximum is 255 characters)")
	case fourBytes(status.Context):
		// Not documented, but descriptions are refused for it.
		return nil, invalidStatus("context", "context doesn't accept 4-byte Unicode")
	case target != nil && !isWeb(*target):
		return nil, invalidStatus("target_url", "target_url must use http(s) scheme")
	}
	return status, nil
}

func fourBytes(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r > 0xFFFF })
}

func invalidStatus(field, message string) *refused {
	r := refusal(http.StatusUnprocessableEntity, "Validation Failed")
	r.fields = []fieldError{{Resource: "Status", Code: "custom", Field: field, Message: message}}
	return r
}

// listStatuses lists the newest first. What GitHub answers for a hash that it does
// not know is not documented; this is what it answers elsewhere.
func (s *Server) listStatuses(x *exchange) (answer, *refused) {
	if err := s.asReader(x); err != nil {
		return answer{}, err
	}
	at := commit{x.repository(), x.path("ref")}
	if !s.world.commits[at.repository][at.sha] {
		return answer{}, noCommit(x.Params["ref"])
	}
	found := slices.Clone(s.statuses.byCommit[at])
	slices.Reverse(found)
	return s.listed(x, found, func(shown []any) any { return shown }), nil
}

func (s *Server) getCombined(x *exchange) (answer, *refused) {
	if err := s.asReader(x); err != nil {
		return answer{}, err
	}
	at := commit{x.repository(), x.path("ref")}
	if !s.world.commits[at.repository][at.sha] {
		return answer{}, refusal(http.StatusNotFound, "Not Found")
	}
	found := s.statuses.newest(at)
	return s.listed(x, found, func(shown []any) any {
		return map[string]any{
			"state": combined(found), "statuses": shown, "sha": at.sha, "total_count": len(found),
			"commit_url": s.URL() + "/repos/" + at.repository + "/commits/" + at.sha,
			"url":        s.URL() + "/repos/" + at.repository + "/commits/" + at.sha + "/status",
		}
	}), nil
}

// listed answers with one page of a list. Who made a status is not in the combined
// one.
func (s *Server) listed(x *exchange, found []Status, body func(shown []any) any) answer {
	from, to, link := s.page(x, len(found))
	shown := []any{}
	for _, status := range found[from:to] {
		shown = append(shown, s.renderStatus(status, x.route.Operation == OpListStatuses))
	}
	a := reply(http.StatusOK, body(shown))
	if link != nil {
		a.Header["Link"] = link
	}
	return a
}

func (s *Server) renderStatus(status Status, creator bool) map[string]any {
	shown := map[string]any{
		"url":         s.URL() + "/repos/" + status.Repository + "/statuses/" + status.SHA,
		"avatar_url":  "https://avatars.githubusercontent.com/u/" + strconv.FormatInt(s.world.id(status.Creator), 10),
		"id":          status.ID,
		"node_id":     nodeID("StatusContext", status.ID),
		"state":       status.State,
		"description": orNull(status.Description),
		"target_url":  orNull(status.TargetURL),
		"context":     status.Context,
		"created_at":  stamp(status.CreatedAt),
		"updated_at":  stamp(status.CreatedAt),
	}
	if creator {
		shown["creator"] = s.renderAccount(status.Creator, "User")
	}
	return shown
}
