package bitbucket

import (
	"fmt"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// answers is the form of answers.
var answers = wire.Form{JSON: "application/json; charset=utf-8", Text: "text/plain; charset=utf-8", End: "\n"}

var reply, text = answers.Reply, answers.Plain

type answer = wire.Answer

// refuse is an error as the service words it. exception is Data Center's class.
func (s *Server) refuse(status int, exception, format string, args ...any) answer {
	message := fmt.Sprintf(format, args...)
	if s.service == center {
		return reply(status, map[string]any{"errors": []any{map[string]any{
			"context": nil, "message": message, "exceptionName": "com.atlassian.bitbucket." + exception,
		}}})
	}
	return reply(status, map[string]any{"type": "error", "error": map[string]any{"message": message}})
}
