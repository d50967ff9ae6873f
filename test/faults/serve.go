package faults

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// patchLimit is how large a status patch may be.
const patchLimit = 1 << 20

// route says what the member serves.
func (m *Member) route() {
	group := "/apis/" + v1alpha1.GroupVersion.String()
	for _, prefix := range []string{group, group + "/namespaces/{namespace}"} {
		m.mux.HandleFunc("GET "+prefix+"/commitstatuses", m.read(m.list, m.watch))
		m.mux.HandleFunc("GET "+prefix+"/gitrepos", m.read(m.listRepos, m.watchRepos))
	}
	m.mux.HandleFunc("PATCH "+group+"/namespaces/{namespace}/commitstatuses/{name}/status", m.patch)
	for _, group := range []string{"/api/v1", "/apis/events.k8s.io/v1"} {
		m.mux.HandleFunc("POST "+group+"/namespaces/{namespace}/events", takeEvent)
		m.mux.HandleFunc("PATCH "+group+"/namespaces/{namespace}/events/{name}", takeEvent)
	}
	m.mux.HandleFunc("/", func(out http.ResponseWriter, _ *http.Request) {
		refuse(out, http.StatusNotFound, metav1.StatusReasonNotFound, "there is no such thing here")
	})
}

func (*Member) read(list, watch http.HandlerFunc) http.HandlerFunc {
	return func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Type", "application/json")
		if watching, _ := strconv.ParseBool(r.URL.Query().Get("watch")); watching {
			watch(out, r)
			return
		}
		list(out, r)
	}
}

// list writes one page, an object at a time. A token to continue with is the version of
// the list and the number of the next object.
func (m *Member) list(out http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	m.mu.Lock()
	version, from, to := m.version, 0, len(m.objects)
	m.mu.Unlock()
	if token := query.Get("continue"); token != "" {
		if _, err := fmt.Sscanf(token, "%d-%d", &version, &from); err != nil {
			refuse(out, http.StatusBadRequest, metav1.StatusReasonBadRequest, "continue is none of ours")
			return
		}
	}
	meta := metav1.ListMeta{ResourceVersion: fmt.Sprint(version)}
	if limit, _ := strconv.Atoi(query.Get("limit")); limit > 0 && from+limit < to {
		left := int64(to - from - limit)
		to = from + limit
		meta.Continue, meta.RemainingItemCount = fmt.Sprintf("%d-%d", version, to), &left
	}
	page := bufio.NewWriterSize(out, piece)
	fmt.Fprintf(page, `{"apiVersion":%q,"kind":"CommitStatusList","metadata":%s,"items":[`, v1alpha1.GroupVersion, encode(meta))
	for number := from; number < to; number++ {
		if number > from {
			_ = page.WriteByte(',')
		}
		m.mu.Lock()
		o := m.objects[number]
		m.mu.Unlock()
		if _, err := page.Write(encode(m.render(number, o))); err != nil {
			return
		}
	}
	_, _ = page.WriteString("]}\n")
	_ = page.Flush()
}

func (m *Member) listRepos(out http.ResponseWriter, _ *http.Request) {
	list := v1alpha1.GitRepoList{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "GitRepoList"},
		ListMeta: metav1.ListMeta{ResourceVersion: "1"}, Items: []v1alpha1.GitRepo{*m.repo()},
	}
	_, _ = out.Write(encode(list))
}

// patch takes a merge patch that names each field of the status, for the very object that it
// names.
func (m *Member) patch(out http.ResponseWriter, r *http.Request) {
	var applied struct {
		Metadata metav1.ObjectMeta           `json:"metadata"`
		Status   v1alpha1.CommitStatusStatus `json:"status"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, patchLimit)).Decode(&applied); err != nil {
		refuse(out, http.StatusBadRequest, metav1.StatusReasonBadRequest, "the body is no CommitStatus")
		return
	}
	number, err := strconv.Atoi(strings.TrimPrefix(r.PathValue("name"), "made-up-"))
	if err != nil || number < 0 || number >= len(m.objects) || r.PathValue("namespace") != m.shape.Namespace {
		refuse(out, http.StatusNotFound, metav1.StatusReasonNotFound, "there is no such CommitStatus")
		return
	}
	m.mu.Lock()
	o := &m.objects[number]
	fits := applied.Metadata.UID == m.uid(number) &&
		(applied.Metadata.ResourceVersion == "" || applied.Metadata.ResourceVersion == fmt.Sprint(o.version))
	if fits {
		if status := encode(applied.Status); string(status) != string(o.status) {
			o.status = status
			m.note(number)
		}
	}
	now := *o
	m.mu.Unlock()
	if !fits {
		refuse(out, http.StatusConflict, metav1.StatusReasonConflict, "the object has been modified")
		return
	}
	out.Header().Set("Content-Type", "application/json")
	_, _ = out.Write(encode(m.render(number, now)))
}

// takeEvent answers what it was sent.
func takeEvent(out http.ResponseWriter, r *http.Request) {
	out.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodPost {
		out.WriteHeader(http.StatusCreated)
	}
	_, _ = io.Copy(out, io.LimitReader(r.Body, patchLimit))
}

func refuse(out http.ResponseWriter, code int32, reason metav1.StatusReason, message string) {
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(int(code))
	_, _ = out.Write(encode(failure(code, reason, message)))
}

func failure(code int32, reason metav1.StatusReason, message string) metav1.Status {
	return metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Code: code, Reason: reason, Message: message,
	}
}

// encode writes JSON of what can be written.
func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}
