package faults

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// list answers lists, compressed, with so many items that are all the same, and with a
// healthy watch behind them; bounded ones have no more than were asked for.
func list(items int, item string, bounded bool) Fault {
	return Fault{Answer: func(out http.ResponseWriter, r *http.Request) bool {
		kind := kindOf(r)
		if isWatch(r) || kind == "" {
			return false
		}
		items := items
		if limit, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil && bounded {
			items = min(items, limit)
		}
		zip(out, `{"apiVersion":"`+v1alpha1.GroupVersion.String()+`","kind":"`+kind+`List","metadata":{"resourceVersion":"1"},"items":[`+item,
			","+item, items-1, "]}")
		return true
	}}
}

// EmptyItems answers lists of empty objects, whatever was asked for: some bytes on the wire,
// a hundred times as many when they are decoded.
func EmptyItems(items int) Fault { return list(items, "{}", false) }

// LongNames answers lists of objects with names of so many bytes.
func LongNames(items, size int) Fault {
	return list(items, `{"metadata":{"namespace":"default","uid":"1","resourceVersion":"1","name":"`+strings.Repeat("x", size)+`"}}`, true)
}

// UnreadableObjects answers lists of objects that Go's time parser refuses, as an older CRD
// lets them through.
func UnreadableObjects(items int) Fault {
	return list(items, `{"metadata":{"namespace":"default","name":"odd","uid":"1","resourceVersion":"1"},`+
		`"spec":{"phase":"success"},"status":{"updatedAt":"2026-11-23t10:00:00z"}}`, true)
}

// FatEvents lets lists be, and has every watch bring one event whose object has a list of
// empty values, of so many bytes, at this place: such as "metadata.managedFields".
func FatEvents(place string, size int) Fault {
	return Fault{Answer: func(out http.ResponseWriter, r *http.Request) bool {
		kind := kindOf(r)
		if !isWatch(r) || kind == "" {
			return false
		}
		parent, field, _ := strings.Cut(place, ".")
		head := `{"type":"ADDED","object":{"apiVersion":"` + v1alpha1.GroupVersion.String() + `","kind":"` + kind +
			`","metadata":{"namespace":"default","name":"fat","uid":"1","resourceVersion":"2"`
		if parent == "metadata" {
			head += `,"` + field + `":[{}`
		} else {
			head += `},"` + parent + `":{"` + field + `":[{}`
		}
		zip(out, head, ",{}", size/3, "]}}}\n")
		_ = http.NewResponseController(out).Flush()
		last := time.NewTimer(time.Second) // or the hub would do nothing but ask again
		defer last.Stop()
		select {
		case <-last.C:
		case <-r.Context().Done():
		}
		return true
	}}
}

// Warnings adds so many warnings to every answer.
func Warnings(n int) Fault {
	return Fault{Header: func(h http.Header) {
		for i := range n {
			h.Add("Warning", fmt.Sprintf(`299 - "warning %d \u001b[2J"`, i))
		}
	}}
}

// LongHeaders adds a header of so many bytes to every answer.
func LongHeaders(size int) Fault {
	value := strings.Repeat("x", size)
	return Fault{Header: func(h http.Header) { h.Set("X-Padding", value) }}
}

// zip writes a compressed text: what comes before some pieces, those, and what comes after.
func zip(out http.ResponseWriter, before, each string, pieces int, after string) {
	out.Header().Set("Content-Type", "application/json")
	out.Header().Set("Content-Encoding", "gzip")
	packed := gzip.NewWriter(out)
	_, err := io.WriteString(packed, before)
	block := strings.Repeat(each, max(1, piece/len(each)))
	for left := pieces * len(each); err == nil && left > 0; left -= len(block) {
		_, err = io.WriteString(packed, block[:min(left, len(block))])
	}
	_, _ = io.WriteString(packed, after)
	_ = packed.Close()
}

// kindOf is the kind that a request lists or watches, "" for none of this project.
func kindOf(r *http.Request) string {
	return map[string]string{"commitstatuses": "CommitStatus", "gitrepos": "GitRepo"}[path.Base(r.URL.Path)]
}
