package gitea

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

const (
	jsonType = "application/json;charset=utf-8"
	textType = "text/plain; charset=utf-8"
)

type answer = wire.Answer

func reply(status int, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode an answer of the fake Gitea: %v", err))
	}
	return answer{Status: status, Header: http.Header{"Content-Type": {jsonType}}, Body: append(body, '\n')}
}

func text(status int, body string) answer {
	return answer{Status: status, Header: http.Header{"Content-Type": {textType}}, Body: []byte(body)}
}

// complaint is Gitea's body of an error.
type complaint struct {
	Errors  []string `json:"errors,omitempty"`
	Message string   `json:"message"`
	URL     string   `json:"url"`
}

func (s *Server) refuse(status int, format string, args ...any) answer {
	return reply(status, complaint{Message: fmt.Sprintf(format, args...), URL: s.Root() + "/api/swagger"})
}

// fail is a 500. In production, Gitea tells the cause to administrators alone.
func (s *Server) fail(x *exchange, format string, args ...any) answer {
	if x.token == nil || !x.token.admin {
		return s.refuse(http.StatusInternalServerError, "")
	}
	return s.refuse(http.StatusInternalServerError, format, args...)
}
