package faults

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

const (
	// bookmarkEvery is how often an API server tells a watch how far it is.
	bookmarkEvery = time.Minute
	// watchFor is how long a watch lasts that does not say so.
	watchFor = 10 * time.Minute
)

// event is one of a watch.
type event struct {
	Type   watch.EventType `json:"type"`
	Object any             `json:"object"`
}

// watch writes the changes of CommitStatuses as they come.
func (m *Member) watch(out http.ResponseWriter, r *http.Request) {
	at, err := strconv.ParseInt(r.URL.Query().Get("resourceVersion"), 10, 64)
	if err != nil {
		refuse(out, http.StatusBadRequest, metav1.StatusReasonBadRequest, "a watch begins at a version")
		return
	}
	m.stream(out, r, "CommitStatus", func(send func(event) error) (<-chan struct{}, int64, error) {
		changes, more, ok := m.since(at)
		if !ok {
			return nil, at, send(event{watch.Error, failure(http.StatusGone, metav1.StatusReasonExpired, fmt.Sprintf("too old resource version: %d", at))})
		}
		for _, c := range changes {
			if err := send(event{watch.Modified, m.render(c.number, c.object)}); err != nil {
				return nil, at, err
			}
			at = c.object.version
		}
		return more, at, nil
	})
}

// watchRepos writes nothing but bookmarks: the GitRepo does not change.
func (m *Member) watchRepos(out http.ResponseWriter, r *http.Request) {
	never := make(chan struct{})
	m.stream(out, r, "GitRepo", func(func(event) error) (<-chan struct{}, int64, error) { return never, 1, nil })
}

// stream writes events until the watch has lasted as long as it asked for. news sends what
// there is, and returns what is closed when there is more, nil for never, and how far it is.
func (*Member) stream(out http.ResponseWriter, r *http.Request, kind string, news func(func(event) error) (<-chan struct{}, int64, error)) {
	encoder, flush := json.NewEncoder(out), http.NewResponseController(out)
	send := func(e event) error {
		if err := encoder.Encode(e); err != nil {
			return err
		}
		return flush.Flush()
	}
	lasts := watchFor
	if seconds, err := strconv.Atoi(r.URL.Query().Get("timeoutSeconds")); err == nil && seconds > 0 {
		lasts = time.Duration(seconds) * time.Second
	}
	end := time.NewTimer(lasts)
	defer end.Stop()
	bookmark := time.NewTicker(bookmarkEvery)
	defer bookmark.Stop()
	out.WriteHeader(http.StatusOK)
	_ = flush.Flush()
	for {
		more, at, err := news(send)
		if err != nil || more == nil {
			return
		}
		select {
		case <-more:
		case <-bookmark.C:
			err = send(event{watch.Bookmark, metav1.PartialObjectMetadata{
				TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: kind},
				ObjectMeta: metav1.ObjectMeta{ResourceVersion: fmt.Sprint(at)},
			}})
		case <-end.C:
			return
		case <-r.Context().Done():
			return
		}
		if err != nil {
			return
		}
	}
}
