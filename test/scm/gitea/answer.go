package gitea

import (
	"fmt"
	"net/http"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// answers is the form of answers.
var answers = wire.Form{JSON: "application/json;charset=utf-8", Text: "text/plain; charset=utf-8", End: "\n"}

var reply, text = answers.Reply, answers.Plain

type answer = wire.Answer

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
