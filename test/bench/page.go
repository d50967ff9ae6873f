package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/argoproj-labs/commit-status-hub/hub/web"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

const (
	// onlookers is how many people look at a commit each, and rounds how often they come and go.
	onlookers, rounds = 20, 5
	// looks is how often each page is made.
	looks = 20
)

// onlooker is a browser: it is never in a hurry.
var onlooker = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: onlookers}}

// measurePage measures how long the hub takes to make each page of a large fleet, and how much later
// the request for a change arrives at the SCM while people look.
func measurePage(ctx context.Context, w *world, s settings) error {
	if err := w.prepare(ctx, s.lookedAt); err != nil {
		return err
	}
	if err := w.crowd(ctx, s.lookedAt, 0, s.objects); err != nil {
		return err
	}
	if err := w.startHub(); err != nil {
		return err
	}
	if err := w.join(ctx, s.lookedAt); err != nil {
		return err
	}
	if err := w.patched(ctx, s.objects); err != nil {
		return err
	}
	paths, commits, err := w.pagePaths(ctx)
	if err != nil {
		return err
	}
	for _, p := range paths {
		var took []time.Duration
		for range looks {
			begin := time.Now()
			if err := w.look(ctx, p.path, nil); err != nil {
				return err
			}
			took = append(took, time.Since(begin))
		}
		row(fmt.Sprintf("%s, of %d CommitStatuses in %d members: p50 and longest of %d", p.name, s.objects, s.lookedAt, looks),
			"%s, %s", quantile(took, 0.5).Round(10*time.Microsecond), quantile(took, 1).Round(10*time.Microsecond))
	}
	return w.delayUnderLooks(ctx, s, commits)
}

// pagePath is a page with what it is called here.
type pagePath struct{ name, path string }

// pagePaths returns one page of each kind, and the pages of different commits.
func (w *world) pagePaths(ctx context.Context) (paths []pagePath, commits []string, err error) {
	var overview web.Overview
	if err := w.look(ctx, "/api/v1/", &overview); err != nil {
		return nil, nil, err
	}
	if len(overview.Installations) == 0 {
		return nil, nil, errors.New("the fleet page shows no installation")
	}
	for n := range onlookers {
		var found web.SearchPage
		if err := w.look(ctx, fmt.Sprintf("/api/v1/search?q=status-%d", perCommit*n), &found); err != nil {
			return nil, nil, err
		}
		if len(found.Results) == 0 {
			return nil, nil, errors.New("a search finds nothing")
		}
		commits = append(commits, found.Results[0].Path)
	}
	return []pagePath{
		{"the fleet's page", "/"},
		{"a commit's page", commits[0]},
		{"an installation's page", overview.Installations[0].Path},
		{"a search that finds more than it shows", "/search?q=status"},
		{"a search that finds nothing", "/search?q=nowhere"},
	}, commits, nil
}

// look reads a page, and its JSON into data unless that is nil.
func (w *world) look(ctx context.Context, path string, data any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.hub.page+path, http.NoBody)
	if err != nil {
		return err
	}
	response, err := onlooker.Do(request)
	if err != nil {
		return fmt.Errorf("looking at %s: %w", path, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("looking at %s: %s %w", path, response.Status, err)
	}
	if data == nil {
		return nil
	}
	return json.Unmarshal(body, data)
}

// delayUnderLooks measures changes while nobody looks and while people look, in turns.
func (w *world) delayUnderLooks(ctx context.Context, s settings, commits []string) error {
	arrived := make(chan time.Time, 1)
	w.scm.Inject(github.Fault{Times: -1, Match: func(r *http.Request) bool {
		if r.Method != http.MethodGet && filepath.Base(r.URL.Path) != "access_tokens" {
			arrived <- time.Now()
		}
		return false
	}})
	object := w.status(0, "looked-at")
	took := map[bool][]time.Duration{}
	n := 0
	measure := func(looked bool, changes int) error {
		for range changes {
			delay, err := change(ctx, w.server(0), object, n, arrived)
			if err != nil {
				return err
			}
			n++
			took[looked] = append(took[looked], delay)
		}
		return nil
	}
	if err := measure(false, warmUp); err != nil {
		return err
	}
	clear(took)
	for range rounds {
		if err := measure(false, s.changes/rounds); err != nil {
			return err
		}
		leave, err := w.watch(ctx, commits)
		if err != nil {
			return err
		}
		err = measure(true, s.changes/rounds)
		leave()
		if err != nil {
			return err
		}
	}
	for _, q := range []float64{0.5, 0.99} {
		with, without := quantile(took[true], q), quantile(took[false], q)
		row(fmt.Sprintf("change → request at the SCM while %d people look at a commit each, p%.0f of %d", onlookers, 100*q, len(took[true])),
			"%.2f× while nobody looks (%s, %s)", ratio(with, without), with.Round(10*time.Microsecond), without.Round(10*time.Microsecond))
	}
	return nil
}

// watch has somebody look at each of some pages, kept up to date, until leave. It returns once all
// of them see something.
func (w *world) watch(ctx context.Context, pages []string) (leave func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	leave = func() {
		cancel()
		watching.Wait()
	}
	for _, page := range pages {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.hub.page+page, http.NoBody)
		if err != nil {
			leave()
			return nil, err
		}
		request.Header.Set("Accept", "text/event-stream")
		response, err := onlooker.Do(request)
		if err != nil {
			leave()
			return nil, fmt.Errorf("looking at %s: %w", page, err)
		}
		events := bufio.NewReader(response.Body)
		if first, err := events.ReadString('\n'); err != nil || !strings.HasPrefix(first, "data:") {
			_ = response.Body.Close()
			leave()
			return nil, fmt.Errorf("looking at %s: %s %q: %w", page, response.Status, first, err)
		}
		watching.Go(func() {
			_, _ = io.Copy(io.Discard, events)
			_ = response.Body.Close()
		})
	}
	return leave, nil
}
