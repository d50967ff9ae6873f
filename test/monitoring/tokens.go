package monitoring

import (
	"fmt"
	"regexp"
	"strings"
)

// kind is what a token of PromQL is.
type kind int

const (
	name   kind = iota // of a metric, label, function, aggregation or operator
	text               // in quotes
	number             // also a duration
	mark               // a bracket, a comma or an operator
)

// token is a word of PromQL, as it is written.
type token struct {
	kind kind
	text string
}

// shapes are tried in order at each place of an expression. What none fits is refused.
// A number takes its unit with it; Grafana's variables stand where numbers do.
var shapes = []struct {
	kind  kind
	shape *regexp.Regexp
}{
	{name, regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_:]*`)},
	{text, regexp.MustCompile("^(\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'|`[^`]*`)")},
	{number, regexp.MustCompile(`^(\$[a-zA-Z_]+|[0-9.]+(?:[eE][+-]?[0-9]+|[0-9a-zA-Z]*))`)},
	{mark, regexp.MustCompile(`^(=~|!~|!=|==|<=|>=|[-+*/%^<>=(){}\[\],:])`)},
}

var blank = regexp.MustCompile(`^(\s+|#[^\n]*)+`)

// split returns the tokens of an expression.
func split(expression string) ([]token, error) {
	var out []token
	for rest := expression; ; {
		rest = strings.TrimPrefix(rest, blank.FindString(rest))
		if rest == "" {
			return out, nil
		}
		var next token
		for _, s := range shapes {
			if found := s.shape.FindString(rest); found != "" {
				next = token{s.kind, found}
				break
			}
		}
		if next.text == "" {
			return nil, fmt.Errorf("cannot read %q", rest)
		}
		out = append(out, next)
		rest = rest[len(next.text):]
	}
}
