package hub

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// undeclaredFor is how long a field that a member's CRD does not declare is left out,
// until it is tried again: nothing tells when CRDs are renewed.
const undeclaredFor = time.Minute

// notDeclared finds the fields in what an API server says of an apply that has fields
// which the schema lacks. It prunes them from no apply, as it does from other writes.
var notDeclared = regexp.MustCompile(`\.status((?:\.[A-Za-z][A-Za-z0-9]*)+): field not declared in schema`)

// undeclared are the fields of a status that one member's CRD does not declare.
type undeclared struct {
	clock clock.PassiveClock

	mu     sync.Mutex
	fields map[string]time.Time // until when each is left out
}

func newUndeclared(clk clock.PassiveClock) *undeclared {
	return &undeclared{clock: clk, fields: map[string]time.Time{}}
}

// learn takes in why an apply failed, and reports whether it may go well without what
// it named.
func (u *undeclared) learn(err error) (news bool) {
	if err == nil {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.clock.Now()
	for _, found := range notDeclared.FindAllStringSubmatch(err.Error(), -1) {
		field := strings.TrimPrefix(found[1], ".")
		news = news || !now.Before(u.fields[field])
		u.fields[field] = now.Add(undeclaredFor)
	}
	return news
}

// leaveOut takes out of a status what the member would refuse it for.
func (u *undeclared) leaveOut(status map[string]any) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.clock.Now()
	maps.DeleteFunc(u.fields, func(_ string, until time.Time) bool { return !now.Before(until) })
	for field := range u.fields {
		remove(status, strings.Split(field, "."))
	}
}

// any reports whether anything is left out now.
func (u *undeclared) any() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.ContainsFunc(slices.Collect(maps.Values(u.fields)), u.clock.Now().Before)
}

func remove(fields map[string]any, path []string) {
	if len(path) == 1 {
		delete(fields, path[0])
		return
	}
	if inner, ok := fields[path[0]].(map[string]any); ok {
		remove(inner, path[1:])
	}
}
