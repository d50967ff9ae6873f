package github

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// tokenLife is how long an installation token is good (GitHub docs, "Generating
// an installation access token for a GitHub App": one hour).
const tokenLife = time.Hour

// token is an installation token.
type token struct {
	app, installation int64
	expires           time.Time
	// from is when all of GitHub's replicas know it.
	from        time.Time
	checksWrite bool
	// repositories are the folded names that it is limited to; none is all.
	repositories map[string]bool
}

func (t *token) reaches(repository string) bool {
	return len(t.repositories) == 0 || t.repositories[repository]
}

// value makes the text of a token in the form of 2026: ghs_<AppID>_<JWT>, about 520
// characters. Nobody but GitHub can check the signature.
func (t *token) value(now time.Time) string {
	signature := make([]byte, 256) // as long as one by RS256
	_, _ = rand.Read(signature)
	part := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf("ghs_%d_%s.%s.%s", t.app, part([]byte(`{"alg":"RS256","typ":"JWT"}`)),
		part(fmt.Appendf(nil, `{"iss":"github.com","iat":%d,"exp":%d,"jti":%q}`, now.Unix(), t.expires.Unix(), rand.Text())), part(signature))
}

func (s *Server) createToken(x *exchange) (answer, *refused) {
	app, err := x.asApp()
	if err != nil {
		return answer{}, err
	}
	id, bad := strconv.ParseInt(x.Params["id"], 10, 64)
	i := s.world.installations[id]
	if bad != nil || i == nil || i.app != app {
		return answer{}, refusal(http.StatusNotFound, "Not Found")
	}
	x.Call.Installation = id
	if i.suspended {
		return answer{}, refusal(http.StatusForbidden, errSuspended)
	}
	t := &token{app: app, installation: id, expires: x.Now.Add(tokenLife), from: x.Now.Add(s.lag), checksWrite: i.checksWrite}
	permissions := i.permissions()
	if err := s.narrow(t, i, permissions, x.Body); err != nil {
		return answer{}, err
	}
	value := t.value(x.Now)
	s.tokens[value] = t
	selection := "all"
	if len(t.repositories) > 0 {
		selection = "selected"
	}
	return reply(http.StatusCreated, map[string]any{
		"token":                value,
		"expires_at":           stamp(t.expires),
		"permissions":          permissions,
		"repository_selection": selection,
	}), nil
}

// narrow limits a token, and the permissions to answer with, to what the request
// asks for.
func (s *Server) narrow(t *token, i *installation, granted map[string]string, body []byte) *refused {
	if len(body) == 0 {
		return nil
	}
	var asked struct {
		Repositories []string          `json:"repositories"`
		Permissions  map[string]string `json:"permissions"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return refusal(http.StatusBadRequest, "Problems parsing JSON")
	}
	for name, level := range asked.Permissions {
		has := granted[name] == level || (granted[name] == "write" && level == "read")
		if !has {
			return refusal(http.StatusUnprocessableEntity, "The permissions requested are not granted to this installation.")
		}
	}
	if len(asked.Permissions) > 0 {
		clear(granted)
		for name, level := range asked.Permissions {
			granted[name] = level
		}
		t.checksWrite = granted["checks"] == "write"
	}
	for _, name := range asked.Repositories {
		if s.world.commits[fold(i.owner+"/"+name)] == nil {
			return refusal(http.StatusUnprocessableEntity,
				"There is at least one repository that does not exist or is not accessible to the parent installation.")
		}
		if t.repositories == nil {
			t.repositories = map[string]bool{}
		}
		t.repositories[fold(name)] = true
	}
	return nil
}

// errSuspended is what GitHub says while an installation is suspended.
const errSuspended = "This installation has been suspended"

// LagTokens has tokens refused for a time after they were made, as by replicas that lag behind.
func (s *Server) LagTokens(lag time.Duration) {
	s.Do(func() { s.lag = lag })
}

// ExpireTokens makes every token that was issued worthless, as when an hour has
// passed.
func (s *Server) ExpireTokens() {
	s.Do(func() {
		for _, t := range s.tokens {
			t.expires = time.Time{}
		}
	})
}

// redact takes the values of tokens out of a text.
func (s *Server) redact(body []byte) []byte {
	text := string(body)
	if strings.Contains(text, "ghs_") {
		for value := range s.tokens {
			text = strings.ReplaceAll(text, value, "***")
		}
	}
	if strings.Contains(text, personal) {
		for value := range s.world.users {
			text = strings.ReplaceAll(text, value, "***")
		}
	}
	return []byte(text)
}
