package gitea

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
)

// front is a proxy before Gitea that counts the requests for statuses, and fails some.
type front struct {
	*httptest.Server
	proxy *httputil.ReverseProxy
	stop  chan struct{}

	mu            sync.Mutex
	calls, writes int
	// paths counts the answers about a repository itself that are no redirects.
	paths  int
	faults map[providercontract.Request][]providercontract.Fault
}

func newFront(t *testing.T, root string) *front {
	t.Helper()
	to, err := url.Parse(root)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{stop: make(chan struct{}), faults: map[providercontract.Request][]providercontract.Fault{}}
	transport := &http.Transport{}
	f.proxy = &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport: transport,
		ModifyResponse: func(r *http.Response) error {
			if parts := strings.Split(r.Request.URL.Path, "/"); len(parts) == 6 && parts[3] == "repos" && r.StatusCode == http.StatusOK {
				f.mu.Lock()
				f.paths++
				f.mu.Unlock()
			}
			return nil
		},
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(func() {
		close(f.stop)
		f.Close()
		transport.CloseIdleConnections()
	})
	return f
}

// inject fails the next request of a sort; called again, the one after it.
func (f *front) inject(fault providercontract.Fault) func(providercontract.Request) {
	return func(next providercontract.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.faults[next] = append(f.faults[next], fault)
	}
}

func (f *front) counted() (calls, writes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls, f.writes
}

func (f *front) told() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.paths
}

// arrive counts a request and returns the fault that it meets, "" for none.
func (f *front) arrive(r *http.Request) providercontract.Fault {
	if !strings.Contains(r.URL.Path, "/statuses/") {
		return ""
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	sort := providercontract.Read
	if r.Method != http.MethodGet {
		f.writes++
		sort = providercontract.Write
	}
	next := f.faults[sort]
	if len(next) == 0 {
		return ""
	}
	f.faults[sort] = next[1:]
	return next[0]
}

// ServeHTTP passes a request on, or fails it.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch f.arrive(r) {
	case providercontract.LostBefore:
		panic(http.ErrAbortHandler)
	case providercontract.LostAfter:
		f.proxy.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case providercontract.CutBody:
		whole := httptest.NewRecorder()
		f.proxy.ServeHTTP(whole, r)
		w.Header().Set("Content-Length", strconv.Itoa(whole.Body.Len()))
		w.WriteHeader(whole.Code)
		_, _ = w.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case providercontract.Hang:
		_, _ = io.Copy(&bytes.Buffer{}, r.Body)
		select {
		case <-r.Context().Done():
		case <-f.stop:
		}
		panic(http.ErrAbortHandler)
	case providercontract.ServerError:
		http.Error(w, "<html>Bad Gateway</html>", http.StatusBadGateway)
	case providercontract.Page:
		_, _ = io.WriteString(w, "<html>Sign in</html>")
	case providercontract.Empty:
		w.WriteHeader(http.StatusOK)
	case providercontract.Redirect:
		http.Redirect(w, r, "https://elsewhere.example.com/", http.StatusTemporaryRedirect)
	case providercontract.TooManyRequests:
		w.Header().Set("Retry-After", strconv.Itoa(int(providercontract.RetryAfter.Seconds())))
		http.Error(w, "<html>Too Many Requests</html>", http.StatusTooManyRequests)
	default:
		f.proxy.ServeHTTP(w, r)
	}
}
