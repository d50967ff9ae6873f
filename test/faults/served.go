package faults

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func isWatch(r *http.Request) bool {
	watch, err := strconv.ParseBool(r.URL.Query().Get("watch"))
	return err == nil && watch
}

// isPage reports whether a request is for a page of a list, and not for a check of one object.
func isPage(r *http.Request) bool {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	return r.Method == http.MethodGet && !isWatch(r) && err == nil && limit != 1
}

// LostUpstream is a gateway that has lost the connection behind it without a notice: watches
// that are open stay so and bring nothing, others are well.
func LostUpstream() Fault {
	return Fault{Mute: func(r *http.Request, open bool) bool { return open && isWatch(r) }}
}

// MuteWatches keeps each watch open and brings nothing.
func MuteWatches() Fault {
	return Fault{Mute: func(r *http.Request, _ bool) bool { return isWatch(r) }}
}

// ExpiredContinue answers 410 to whoever goes on with a list, by a token of the list as well
// as by the one that it offers instead.
func ExpiredContinue() Fault {
	return Fault{Answer: func(out http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("continue") == "" {
			return false
		}
		status := failure(http.StatusGone, metav1.StatusReasonExpired, "The provided continue parameter is too old to display a consistent list result.")
		status.Continue = "inconsistent"
		out.Header().Set("Content-Type", "application/json")
		out.WriteHeader(http.StatusGone)
		_, _ = out.Write(encode(status))
		return true
	}}
}

// EndlessPages answers each page of a list from next with another token to go on with.
func EndlessPages(next http.Handler) Fault {
	var pages atomic.Int64
	return continued(next, func() string { return fmt.Sprint("page-", pages.Add(1)) }, false)
}

// RepeatedContinue answers each page of a list from next with the same token to go on with.
func RepeatedContinue(next http.Handler) Fault {
	return continued(next, func() string { return "again" }, false)
}

// EmptyPages answers each page of a list without objects, and that there are more.
func EmptyPages(next http.Handler) Fault {
	var pages atomic.Int64
	return continued(next, func() string { return fmt.Sprint("page-", pages.Add(1)) }, true)
}

// continued asks next for the first page of a list, and answers it with another token.
func continued(next http.Handler, token func() string, empty bool) Fault {
	return Fault{Answer: func(out http.ResponseWriter, r *http.Request) bool {
		if !isPage(r) {
			return false
		}
		first := r.Clone(r.Context())
		query := first.URL.Query()
		query.Del("continue")
		first.URL.RawQuery = query.Encode()
		first.Header.Del("Accept-Encoding")
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, first)
		var list map[string]any
		if answer.Code != http.StatusOK || json.Unmarshal(answer.Body.Bytes(), &list) != nil {
			return false
		}
		meta, _ := list["metadata"].(map[string]any)
		meta["continue"] = token()
		if empty {
			list["items"] = []any{}
		}
		out.Header().Set("Content-Type", "application/json")
		_, _ = out.Write(encode(list))
		return true
	}}
}
