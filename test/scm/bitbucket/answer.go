package bitbucket

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

const (
	jsonType = "application/json; charset=utf-8"
	textType = "text/plain; charset=utf-8"
)

type answer = wire.Answer

func reply(status int, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode an answer of the fake Bitbucket: %v", err))
	}
	return answer{Status: status, Header: http.Header{"Content-Type": {jsonType}}, Body: append(body, '\n')}
}

func text(status int, body string) answer {
	return answer{Status: status, Header: http.Header{"Content-Type": {textType}}, Body: []byte(body)}
}

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
