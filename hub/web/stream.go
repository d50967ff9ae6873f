package web

import (
	"bytes"
	"fmt"
	"net/http"
	"time"
)

const (
	// streamEvery is how often a page that is looked at is made anew. It is sent where it differs.
	streamEvery = 2 * time.Second
	// mostStreams is how many pages are kept up to date at a time. Others show how it was.
	mostStreams = 100
	// aliveEvery is how often a stream without changes sends something, before proxies give it up.
	aliveEvery = 20 * time.Second
)

// stream sends the content of a page whenever it has changed, until its reader leaves.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, v view) {
	if s.streams.Add(1) > mostStreams {
		s.streams.Add(-1)
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many pages are kept up to date already", http.StatusServiceUnavailable)
		return
	}
	defer s.streams.Add(-1)
	w.Header().Set("Content-Type", "text/event-stream")
	ticker := time.NewTicker(streamEvery)
	defer ticker.Stop()
	var last []byte
	sentAt := time.Now()
	for {
		out, err := s.render(r, v(r), true)
		if err != nil {
			return
		}
		switch {
		case !bytes.Equal(out, last):
			if last, sentAt = out, time.Now(); !send(w, event(out)) {
				return
			}
		case time.Since(sentAt) > aliveEvery:
			if sentAt = time.Now(); !send(w, []byte(": nothing new\n\n")) {
				return
			}
		}
		select {
		case <-r.Context().Done():
			return
		case <-s.stop:
			return
		case <-ticker.C:
		}
	}
}

// event is an update as a server-sent event.
func event(content []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(content) {
		fmt.Fprintf(&out, "data: %s\n", bytes.TrimRight(line, "\r\n"))
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// send reports whether what was sent has left.
func send(w http.ResponseWriter, out []byte) bool {
	control := http.NewResponseController(w)
	if control.SetWriteDeadline(time.Now().Add(writeTimeout)) != nil {
		return false
	}
	if _, err := w.Write(out); err != nil {
		return false
	}
	return control.Flush() == nil
}
