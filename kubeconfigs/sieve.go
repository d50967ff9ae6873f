package kubeconfigs

import (
	"net/http"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// sieve is a watch of which only some events get through. Other than watch.Filter it
// ends when it is stopped, whether somebody still reads from it or not.
type sieve struct {
	from   watch.Interface
	events chan watch.Event
	sift   func(watch.Event) (watch.Event, bool)
	once   sync.Once
	ended  chan struct{}
}

func newSieve(from watch.Interface, sift func(watch.Event) (watch.Event, bool)) *sieve {
	s := &sieve{from: from, sift: sift, events: make(chan watch.Event), ended: make(chan struct{})}
	go s.run()
	return s
}

// ResultChan implements watch.Interface.
func (s *sieve) ResultChan() <-chan watch.Event { return s.events }

// Stop implements watch.Interface.
func (s *sieve) Stop() {
	s.once.Do(func() { close(s.ended) })
	s.from.Stop()
}

func (s *sieve) run() {
	defer close(s.events)
	for event := range s.from.ResultChan() {
		event, pass := s.sift(event)
		if !pass {
			continue
		}
		select {
		case s.events <- event:
		case <-s.ended:
			s.drain()
			return
		}
	}
}

// drain lets the watch end, which may have an event in its hands.
func (s *sieve) drain() {
	s.from.Stop()
	for range s.from.ResultChan() {
	}
}

// expired is the event after which a reflector lists anew.
func expired() watch.Event {
	return watch.Event{Type: watch.Error, Object: &metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusGone, Reason: metav1.StatusReasonExpired,
		Message: "another list has become necessary",
	}}
}
