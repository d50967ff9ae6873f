package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// waitLimit is how long a browser waits for a leader, where there is none. A fail-over takes at
	// most ten seconds.
	waitLimit = 15 * time.Second
	// headerLimit bounds how long a browser may take to send a request.
	headerLimit = 10 * time.Second
)

// Dashboard shows the fleet page of the leader in a browser.
type Dashboard struct {
	Hub Hub
	// Port is the local port; 0 is any that is free. With AnyPort one that is taken is replaced.
	Port    int
	AnyPort bool
	// Open shows an address in a browser; nil shows none.
	Open func(ctx context.Context, url string) error
	// Out is where the address is printed, and what happens to the connection.
	Out io.Writer
	// Every is how often the Lease is read; 0 is the default.
	Every time.Duration
}

// Run forwards a local port to the leader until ctx ends. It returns an error if there is no leader
// at the start; later it waits for one.
func (d Dashboard) Run(ctx context.Context) error {
	every := d.Every
	if every == 0 {
		every = followEvery
	}
	f := newFollower(d.Hub, every, func(line string) { fmt.Fprintln(d.Out, line) })
	if err := f.connect(ctx); err != nil {
		return ignoreEnd(ctx, err)
	}
	defer f.set(nil)
	tunnel, _ := f.current()
	if err := tunnel.check(ctx); err != nil {
		return ignoreEnd(ctx, err)
	}
	listener, err := d.listen(ctx)
	if err != nil {
		return err
	}
	address := "http://" + listener.Addr().String() + "/"
	fmt.Fprintf(d.Out, "The fleet page of the hub, from pod %s, which leads: %s\nCtrl-C ends this.\n", tunnel.Pod, address)
	if d.Open != nil {
		if err := d.Open(ctx, address); err != nil {
			fmt.Fprintf(d.Out, "No browser could be opened (%v): open the address yourself.\n", err)
		}
	}
	return serve(ctx, listener, f)
}

// ignoreEnd returns no error where a person has ended the command.
func ignoreEnd(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}

// check asks for something small, so that a page that is not served is an error and no empty browser.
func (t *Tunnel) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.URL()+"/api/v1/search?q=", http.NoBody)
	if err != nil {
		return fmt.Errorf("asking pod %s: %w", t.Pod, err)
	}
	response, err := t.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("asking for the fleet page: %w", err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("the fleet page of pod %s responds with %s: the token's account needs the verb get on the non-resource URL /fleet", t.Pod, response.Status)
	}
	return fmt.Errorf("port %d of pod %s does not serve the fleet page: it responds with %s", t.Port, t.Pod, response.Status)
}

// listen opens the local port, on loopback only.
func (d Dashboard) listen(ctx context.Context) (net.Listener, error) {
	at := func(port int) (net.Listener, error) {
		return (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	}
	listener, err := at(d.Port)
	if d.AnyPort && errors.Is(err, syscall.EADDRINUSE) {
		listener, err = at(0)
	}
	if err != nil {
		return nil, fmt.Errorf("opening a local port (--port 0 takes any that is free): %w", err)
	}
	return listener, nil
}

// serve forwards what comes to a listener to whichever pod leads, until ctx ends.
func serve(ctx context.Context, listener net.Listener, f *follower) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var following sync.WaitGroup
	following.Go(func() { f.follow(ctx) })
	server := &http.Server{
		Handler: proxy(f), ReadHeaderTimeout: headerLimit, ErrorLog: log.New(io.Discard, "", 0),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	err := server.Serve(listener)
	cancel()
	following.Wait()
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the local port: %w", err)
	}
	return nil
}

// proxy passes requests on as they are. The page itself looks at the Host, so that no other site gets
// at it by a name that leads to this machine.
func proxy(transport http.RoundTripper) http.Handler {
	p := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "leader"})
			r.Out.Host = r.In.Host
		},
		Transport:     transport,
		FlushInterval: -1,
		ErrorHandler:  unavailable,
		ErrorLog:      log.New(io.Discard, "", 0),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A browser gives up a stream for good if it gets an error for it.
		if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
			p.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), waitLimit)
		defer cancel()
		p.ServeHTTP(w, r.WithContext(ctx))
	})
}

// unavailable answers where no leader does.
func unavailable(w http.ResponseWriter, _ *http.Request, err error) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, "The leader of the hub does not respond: "+err.Error()+"\nTry again in a few seconds.", http.StatusServiceUnavailable)
}
