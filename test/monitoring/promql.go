package monitoring

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Labels are the names of labels, by the name of the metric that has them, or is to.
type Labels map[string]map[string]bool

func (l Labels) add(metric string, labels ...string) {
	if l[metric] == nil {
		l[metric] = map[string]bool{}
	}
	for _, label := range labels {
		l[metric][label] = true
	}
}

// Join adds all of another.
func (l Labels) Join(other Labels) {
	for metric, labels := range other {
		l.add(metric, slices.Collect(maps.Keys(labels))...)
	}
}

// operators are the words that stand between or after operands.
var operators = map[string]bool{"and": true, "or": true, "unless": true, "offset": true, "bool": true}

// refused are words that would need more of PromQL to be understood here.
var refused = map[string]bool{
	"without": true, "on": true, "ignoring": true, "group_left": true, "group_right": true,
	"label_replace": true, "label_join": true,
}

// Asked returns the metrics that an expression of PromQL reads, with the labels that it
// selects or groups them by. It refuses what it does not understand, and takes some
// things that are no PromQL.
func Asked(expression string) (Labels, error) {
	tokens, err := split(expression)
	if err != nil {
		return nil, err
	}
	r := &reader{tokens: tokens}
	out, err := r.operands()
	if err == nil && len(r.tokens) > 0 {
		err = fmt.Errorf("%q closes nothing", r.tokens[0].text)
	}
	return out, err
}

// reader takes tokens off the front.
type reader struct{ tokens []token }

// at reports whether the next token is this one.
func (r *reader) at(text string) bool { return len(r.tokens) > 0 && r.tokens[0].text == text }

// take takes the next token if it is this one.
func (r *reader) take(text string) bool {
	if !r.at(text) {
		return false
	}
	r.tokens = r.tokens[1:]
	return true
}

// operands reads until the bracket that closes what it is in, or to the end.
func (r *reader) operands() (Labels, error) {
	all := Labels{}
	for len(r.tokens) > 0 && !r.at(")") && !r.at("]") {
		next := r.tokens[0]
		r.tokens = r.tokens[1:]
		var some Labels
		var err error
		switch {
		case next.text == "(":
			some, err = r.group(")")
		case next.text == "[":
			some, err = r.group("]")
		case next.text == "{":
			err = errors.New("a selector without a metric")
		case next.kind == name && !operators[next.text]:
			some, err = r.named(next.text)
		}
		if err != nil {
			return nil, err
		}
		all.Join(some)
	}
	return all, nil
}

// group reads what is in brackets, of which the first is read already.
func (r *reader) group(end string) (Labels, error) {
	out, err := r.operands()
	if err == nil && !r.take(end) {
		err = fmt.Errorf("%s is missing", end)
	}
	return out, err
}

// named reads what begins with a name: an aggregation, the call of a function, or a
// metric.
func (r *reader) named(word string) (Labels, error) {
	switch {
	case refused[word]:
		return nil, fmt.Errorf("%s is not understood", word)
	case r.at("by"), r.at("("):
		return r.call()
	}
	out := Labels{}
	out.add(word)
	if r.take("{") {
		for !r.take("}") {
			if len(r.tokens) < 3 || r.tokens[0].kind != name || r.tokens[2].kind != text {
				return nil, fmt.Errorf("the selector of %s is not understood", word)
			}
			out.add(word, r.tokens[0].text)
			r.tokens = r.tokens[3:]
			r.take(",")
		}
	}
	return out, nil
}

// call reads the operands of a function or of an aggregation. What it groups by stands
// before or after them, and each metric in them is to have it.
func (r *reader) call() (Labels, error) {
	by, err := r.by()
	if err != nil {
		return nil, err
	}
	if !r.take("(") {
		return nil, errors.New("an aggregation of nothing")
	}
	out, err := r.group(")")
	if err != nil {
		return nil, err
	}
	after, err := r.by()
	for metric := range out {
		out.add(metric, append(by, after...)...)
	}
	return out, err
}

// by reads the labels that are grouped by, if they are next.
func (r *reader) by() (labels []string, err error) {
	if !r.take("by") {
		return nil, nil
	}
	if !r.take("(") {
		return nil, errors.New("by is followed by no labels")
	}
	for !r.take(")") {
		if len(r.tokens) == 0 || r.tokens[0].kind != name {
			return nil, errors.New("what is grouped by is not understood")
		}
		labels = append(labels, r.tokens[0].text)
		r.tokens = r.tokens[1:]
		r.take(",")
	}
	return labels, nil
}
