package bitbucket

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestParse_NamesTheFields(t *testing.T) {
	for body, message := range map[string]string{
		`{"error": {"message": "Bad request", "fields": {"url": ["Enter a valid URL.", "Too long."], "key": ["Too long."]}}}`:  "Bad request; key: Too long.; url: Enter a valid URL.; url: Too long.",
		`{"error": {"message": "state: \"DONE\" is no valid choice.", "fields": {"state": ["\"DONE\" is no valid choice."]}}}`: `state: "DONE" is no valid choice.`,
		`{"error": {"fields": {"name": "Too long."}}}`:                                                       "name: Too long.",
		`{"error": {"message": "Bad request", "fields": {"a": {"b": 1}, "c": [7], "d": []}}}`:                "Bad request",
		`{"error": {"message": "Bad request", "fields": ["key"]}}`:                                           "Bad request",
		`{"errors": [{"message": "no such thing", "exceptionName": "com.atlassian.NoSuchCommitException"}]}`: "no such thing",
	} {
		NewWithT(t).Expect(parse([]byte(body)).message).To(Equal(message), body)
	}
}
