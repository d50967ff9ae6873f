package testbinaries

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Limits end a download that does not get on. The zero value of each is its default.
type Limits struct {
	// Connect bounds a connection, with the look-up of its name. [3 s]
	Connect time.Duration
	// Stall is how long nothing may arrive: of a response's header, or of its body. [10 s]
	Stall time.Duration
	// Total bounds everything; a compilation takes about nine minutes. [5 min]
	Total time.Duration
	// ArchiveBytes bounds an archive. [512 MiB]
	ArchiveBytes int64
	// UnpackedBytes bounds what is unpacked of it. [1 GiB]
	UnpackedBytes int64
}

// indexBytes bounds the index, which had 68 KiB in 2026.
const indexBytes = 8 << 20

func (l Limits) withDefaults() Limits {
	set := func(limit *time.Duration, value time.Duration) {
		if *limit == 0 {
			*limit = value
		}
	}
	set(&l.Connect, 3*time.Second)
	set(&l.Stall, 10*time.Second)
	set(&l.Total, 5*time.Minute)
	if l.ArchiveBytes == 0 {
		l.ArchiveBytes = 512 << 20
	}
	if l.UnpackedBytes == 0 {
		l.UnpackedBytes = 1 << 30
	}
	return l
}

// errStalled is the cause of the end of a request of which nothing arrives any more.
var errStalled = errors.New("nothing more arrived")

// fetcher sends requests within limits.
type fetcher struct {
	client *http.Client
	stall  time.Duration
}

func newFetcher(limits Limits) *fetcher {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: limits.Connect}).DialContext,
		TLSHandshakeTimeout: limits.Connect,
		DisableKeepAlives:   true, // two requests, to two hosts
		ForceAttemptHTTP2:   true,
	}
	redirect := func(request *http.Request, via []*http.Request) error {
		if len(via) > 5 {
			return errors.New("more than five redirects")
		}
		return vetURL(request.URL)
	}
	return &fetcher{client: &http.Client{Transport: transport, CheckRedirect: redirect}, stall: limits.Stall}
}

// vetURL refuses what anybody on the way could change.
func vetURL(u *url.URL) error {
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme == "https" || u.Scheme == "http" && loopback {
		return nil
	}
	return fmt.Errorf("%s is not https", u.Redacted())
}

// get copies the body of what is at the address to out.
func (f *fetcher) get(ctx context.Context, address string, most int64, out io.Writer) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	if err := vetURL(u); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	alarm := time.AfterFunc(f.stall, func() { cancel(errStalled) })
	defer alarm.Stop()
	if err := f.copy(ctx, u, most, out, func() { alarm.Reset(f.stall) }); err != nil {
		if errors.Is(context.Cause(ctx), errStalled) {
			return fmt.Errorf("%s: %w within %s", u.Redacted(), errStalled, f.stall)
		}
		return err
	}
	return nil
}

func (f *fetcher) copy(ctx context.Context, u *url.URL, most int64, out io.Writer, progress func()) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	response, err := f.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", u.Redacted(), response.Status)
	}
	n, err := io.Copy(out, io.LimitReader(&reporting{response.Body, progress}, most+1))
	if err != nil {
		return fmt.Errorf("reading %s: %w", u.Redacted(), err)
	}
	if n > most {
		return fmt.Errorf("%s has more than %d bytes", u.Redacted(), most)
	}
	return nil
}

// reporting calls progress whenever something was read.
type reporting struct {
	io.Reader
	progress func()
}

func (r *reporting) Read(buffer []byte) (int, error) {
	n, err := r.Reader.Read(buffer)
	if n > 0 {
		r.progress()
	}
	return n, err
}
