package gitlab

import (
	"fmt"
	"net/http"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// answers is the form of answers.
var answers = wire.Form{JSON: "application/json", Text: "text/plain"}

var reply, text = answers.Reply, answers.Plain

type answer = wire.Answer

// refused is a request that GitLab turns down.
type refused struct {
	status int
	// body is one of GitLab's many forms of an error.
	body any
}

// refusal is an error of GitLab's own code.
func refusal(status int, format string, args ...any) *refused {
	return &refused{status, map[string]any{"message": fmt.Sprintf(format, args...)}}
}

// misfit is an error of the framework that reads the parameters, which has no message.
func misfit(format string, args ...any) *refused {
	return &refused{http.StatusBadRequest, map[string]any{"error": fmt.Sprintf(format, args...)}}
}

// invalid is an error about fields of what would be kept.
func invalid(fields map[string][]string) *refused {
	return &refused{http.StatusBadRequest, map[string]any{"message": fields}}
}

// unauthorized is an error of the check of a token.
func unauthorized(code, description string) *refused {
	return &refused{http.StatusUnauthorized, map[string]any{"error": code, "error_description": description}}
}

func notFound(what string) *refused { return refusal(http.StatusNotFound, "404 %s Not Found", what) }

func (r *refused) answer() answer { return reply(r.status, r.body) }
