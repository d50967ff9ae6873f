package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// historyLimit is how many changes a watch may be behind, as an API server's watch cache
// has a limit.
const historyLimit = 4096

// Member is a made-up member: an API server that has one GitRepo, and CommitStatuses of
// which it keeps a few numbers and what was written to them. It lists by pages, watches
// with bookmarks, tells a watch that is too far behind that it is, and takes status patches.
type Member struct {
	shape Shape
	mux   *http.ServeMux
	id    uint32
	begun time.Time

	mu      sync.Mutex
	version int64
	objects []object
	// history are the last changes, the newest last, and more is closed at the next.
	history []change
	more    chan struct{}
}

// Shape says what is in a made-up member.
type Shape struct {
	// Namespace is where all of it is.
	Namespace string
	// Provider and Repository are what its GitRepo, shop, leads to.
	Provider, Repository string
	// Objects is how many CommitStatuses there are.
	Objects int
	// Spec is the spec of one of them after a number of changes. GitRepoRef is added.
	Spec func(number, changes int) v1alpha1.CommitStatusSpec
	// Annotations are those of each.
	Annotations map[string]string
}

// object is what is kept of a CommitStatus.
type object struct {
	changes int
	version int64
	status  json.RawMessage
}

// change is one object as it was at a version.
type change struct {
	number int
	object object
}

// NewMember makes a member. It is an http.Handler.
func NewMember(shape Shape) *Member {
	m := &Member{
		shape: shape, mux: http.NewServeMux(), id: rand.Uint32(), begun: time.Now().Truncate(time.Second),
		version: int64(shape.Objects), objects: make([]object, shape.Objects), more: make(chan struct{}),
	}
	for i := range m.objects {
		m.objects[i].version = int64(i + 1)
	}
	m.route()
	return m
}

// ServeHTTP implements http.Handler.
func (m *Member) ServeHTTP(out http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(out, r) }

// Change changes the spec of one CommitStatus.
func (m *Member) Change(number int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[number].changes++
	m.note(number)
}

// Run changes so many CommitStatuses a second, one after the other, until ctx ends. It
// returns how many changes there were.
func (m *Member) Run(ctx context.Context, perSecond int) (changes int) {
	const ticks = 100
	ticker := time.NewTicker(time.Second / ticks)
	defer ticker.Stop()
	for begun := time.Now(); ; {
		select {
		case <-ctx.Done():
			return changes
		case <-ticker.C:
		}
		for due := int(time.Since(begun).Seconds() * float64(perSecond)); changes < due; changes++ {
			m.Change(changes % len(m.objects))
		}
	}
}

// Status is what was written to a CommitStatus, and the generation that it has now.
func (m *Member) Status(number int) (status v1alpha1.CommitStatusStatus, generation int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if written := m.objects[number].status; written != nil {
		if err := json.Unmarshal(written, &status); err != nil {
			panic(err) // it was read as one before it was taken
		}
	}
	return status, int64(m.objects[number].changes + 1)
}

// note makes what an object is now another version. The lock is held.
func (m *Member) note(number int) {
	m.version++
	m.objects[number].version = m.version
	m.history = append(m.history, change{number, m.objects[number]})
	if len(m.history) > 2*historyLimit {
		m.history = append([]change(nil), m.history[len(m.history)-historyLimit:]...)
	}
	close(m.more)
	m.more = make(chan struct{})
}

// since returns the changes after a version, and what is closed at the next one; ok is
// false where they are not known any more.
func (m *Member) since(version int64) (changes []change, more <-chan struct{}, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	behind := m.version - version
	if behind < 0 || behind > int64(len(m.history)) {
		return nil, nil, false
	}
	return append([]change(nil), m.history[int64(len(m.history))-behind:]...), m.more, true
}

// render makes the object that the numbers stand for.
func (m *Member) render(number int, o object) any {
	name := fmt.Sprintf("made-up-%d", number)
	spec := m.shape.Spec(number, o.changes)
	spec.GitRepoRef.Name = "shop"
	return struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              v1alpha1.CommitStatusSpec `json:"spec"`
		Status            json.RawMessage           `json:"status,omitempty"`
	}{
		metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "CommitStatus"},
		metav1.ObjectMeta{
			Namespace: m.shape.Namespace, Name: name, UID: m.uid(number), Generation: int64(o.changes + 1),
			ResourceVersion: fmt.Sprint(o.version), Annotations: m.shape.Annotations,
			CreationTimestamp: metav1.NewTime(m.begun.Add(time.Duration(number) * time.Millisecond).Truncate(time.Second)),
		},
		spec, o.status,
	}
}

func (m *Member) uid(number int) types.UID {
	return types.UID(fmt.Sprintf("%08x-0000-4000-8000-%012x", m.id, number+1))
}

func (m *Member) repo() *v1alpha1.GitRepo {
	return &v1alpha1.GitRepo{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "GitRepo"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: m.shape.Namespace, Name: "shop", UID: m.uid(-1), Generation: 1, ResourceVersion: "1", CreationTimestamp: metav1.NewTime(m.begun),
		},
		Spec: v1alpha1.GitRepoSpec{ScmProviderRef: v1alpha1.ObjectReference{Name: m.shape.Provider}, Repository: m.shape.Repository},
	}
}
